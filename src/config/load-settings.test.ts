import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { variablesOf } from './environment.ts';
import { loadSettings, type SettingSources } from './load-settings.ts';
import { parseSettingsFile } from './settings-file.ts';
import { SETTING_NAMES, settingOf, type SettingName } from './settings.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'walkback-settings-'));
});
afterEach(async () => rm(folder, { recursive: true, force: true }));

const load = (given: SettingSources = {}) => loadSettings({ environment: {}, workingDirectory: folder, ...given });
const flags = (name: SettingName, text: string) => new Map([[name, text]]);

describe('the value of a setting', () => {
  const everywhere = {
    flags: flags('uploadConcurrency', '1'),
    environment: { WALKBACK_UPLOAD_CONCURRENCY: '2', WALG_UPLOAD_CONCURRENCY: '3' },
  };

  it('is the flag before all else', async () => {
    await writeFile(join(folder, 'walkback.yaml'), 'upload-concurrency: 4\n');
    const settings = await load(everywhere);
    expect(settings.get('uploadConcurrency')).toBe(1);
    expect(settings.find('uploadConcurrency')?.source).toEqual({ kind: 'flag', where: '--upload-concurrency' });
  });

  it("is our own variable before WAL-G's", async () => {
    expect((await load({ environment: everywhere.environment })).get('uploadConcurrency')).toBe(2);
  });

  it("is WAL-G's variable before the file", async () => {
    await writeFile(join(folder, 'walkback.yaml'), 'upload-concurrency: 4\n');
    const settings = await load({ environment: { WALG_UPLOAD_CONCURRENCY: '3', WALKBACK_UPLOAD_CONCURRENCY: '' } });
    expect(settings.get('uploadConcurrency')).toBe(3);
    expect(settings.find('uploadConcurrency')?.source.where).toBe('WALG_UPLOAD_CONCURRENCY');
  });

  it('is the file before the default', async () => {
    await writeFile(join(folder, 'walkback.yaml'), 'upload-concurrency: 4\ns3-force-path-style: true\n');
    const settings = await load();
    expect(settings.get('uploadConcurrency')).toBe(4);
    expect(settings.get('s3ForcePathStyle')).toBe(true);
    expect(settings.find('uploadConcurrency')?.source.where).toBe(join(folder, 'walkback.yaml'));
  });

  it('is the default, or nothing', async () => {
    const settings = await load();
    expect(settings.get('uploadConcurrency')).toBe(8);
    expect(settings.get('dataDirectory')).toBeUndefined();
  });

  it('is refused when it is not of its kind, naming where it stands and an example', async () => {
    const settings = await load({ environment: { PGPORT: 'fast' } });
    expect(() => settings.get('pgPort')).toThrow(
      expect.objectContaining({
        kind: 'usage',
        message: 'cannot use "fast" of PGPORT: expected a whole number from 1 to 65535',
        remedy: expect.stringContaining('5433'),
      }),
    );
  });

  it('is not shown in the refusal when it is a secret', async () => {
    const settings = await load({ environment: { AWS_SECRET_ACCESS_KEY: 'hunter2' } });
    expect(settings.shown('s3SecretAccessKey')).toEqual({ value: '********', from: 'AWS_SECRET_ACCESS_KEY' });
    expect(settings.describe(['archive']).join()).not.toContain('hunter2');
  });

  it('that is needed and not set names flag and variable', async () => {
    const settings = await load();
    expect(() => settings.require('dataDirectory', 'take a backup')).toThrow(
      expect.objectContaining({
        message: 'cannot take a backup: data-directory is not set',
        remedy: 'Give --data-directory /var/lib/postgresql/17/main, or set PGDATA.',
      }),
    );
  });

  it('in a relative path given as a flag is taken from the working directory', async () => {
    expect((await load({ flags: flags('dataDirectory', 'data') })).get('dataDirectory')).toBe(
      join(process.cwd(), 'data'),
    );
    const settings = await load({ environment: { PGDATA: 'data' } });
    expect(() => settings.get('dataDirectory')).toThrow(/expected an absolute path/);
  });
});

describe('the lookup order of a setting in the environment', () => {
  it.each(SETTING_NAMES.map((name) => [name] as const))('is the documented one for %s', async (name) => {
    const variables = variablesOf(name);
    const example = settingOf(name).example;
    const environment = Object.fromEntries(variables.map((variable) => [variable, example]));
    for (const variable of variables) {
      const found = (await load({ environment })).find(name);
      expect(found).toEqual({ text: example, source: { kind: 'environment', where: variable } });
      environment[variable] = '';
    }
    expect((await load({ environment })).find(name)?.source.kind ?? 'default').toBe('default');
  });

  it('ends with the names of WAL-G and WAL-E for the stores', () => {
    expect(variablesOf('s3StorageClass')).toEqual([
      'WALKBACK_S3_STORAGE_CLASS',
      'S3_STORAGE_CLASS',
      'WALG_S3_STORAGE_CLASS',
      'WALE_S3_STORAGE_CLASS',
    ]);
  });
});

describe('the definitions of the settings', () => {
  it.each(SETTING_NAMES.map((name) => [name] as const))('hold a default and an example of its kind for %s', (name) => {
    const setting = settingOf(name);
    expect(setting.kind.parse(setting.default ?? setting.example)).toBeDefined();
    expect(setting.kind.parse(setting.example)).toBeDefined();
  });

  it('give no variable to two settings', () => {
    const all = SETTING_NAMES.flatMap(variablesOf);
    expect(all.filter((variable, index) => all.indexOf(variable) !== index)).toEqual([]);
  });
});

describe('an unknown WALKBACK_ variable', () => {
  it('is an error that names the nearest one', async () => {
    await expect(load({ environment: { WALKBACK_UPLOAD_CONCURENCY: '4' } })).rejects.toMatchObject({
      kind: 'usage',
      remedy: 'Did you mean WALKBACK_UPLOAD_CONCURRENCY? Otherwise unset it.',
    });
  });

  it("does not include those of the spool's scripts, nor other programs' variables", async () => {
    const environment = { WALKBACK_RESTORE_WAIT_S: '5', WALG_SOMETHING: '1', PATH: '/bin' };
    await expect(load({ environment })).resolves.toBeDefined();
  });
});

describe('the file of settings', () => {
  it('is the one of --config before WALKBACK_CONFIG before ./walkback.yaml', async () => {
    for (const name of ['flag', 'variable', 'walkback'])
      await writeFile(join(folder, `${name}.yaml`), `pg-user: ${name}\n`);
    const environment = { WALKBACK_CONFIG: 'variable.yaml' };
    expect((await load({ environment, configPath: 'flag.yaml' })).get('pgUser')).toBe('flag');
    expect((await load({ environment })).get('pgUser')).toBe('variable');
    expect((await load()).get('pgUser')).toBe('walkback');
  });

  it('must be there when it is named', async () => {
    await expect(load({ configPath: 'none.yaml' })).rejects.toMatchObject({ kind: 'usage' });
    await expect(load({ environment: { WALKBACK_CONFIG: '/none' } })).rejects.toMatchObject({
      remedy: 'Correct WALKBACK_CONFIG, or leave it out.',
    });
  });

  it('gives a warning when it holds a secret that others can read, and none otherwise', async () => {
    const path = join(folder, 'walkback.yaml');
    await writeFile(path, 'pg-password: x\n', { mode: 0o644 });
    await chmod(path, 0o644);
    expect((await load()).warnings).toEqual([`${path} holds pg-password and others can read it: chmod 600 ${path}`]);
    await chmod(path, 0o600);
    expect((await load()).warnings).toEqual([]);
    await writeFile(path, 'pg-user: x\n');
    await chmod(path, 0o644);
    expect((await load()).warnings).toEqual([]);
  });

  it('may be empty, and may leave a value out', async () => {
    expect((await parseSettingsFile('', 'f')).size).toBe(0);
    expect((await parseSettingsFile('pg-user:\n', 'f')).size).toBe(0);
  });

  it.each([
    ['an unknown key', 'uplod-concurrency: 3', 'there is no setting "uplod-concurrency"', 'upload-concurrency'],
    ["a variable's name as a key", 's3-prefix: s3://a/b', 'there is no setting "s3-prefix"', 'lists the settings'],
    ['a list', '- a', 'it holds no settings', 'name: value'],
    ['a nested value', 'archive:\n  s3: x', '"archive" must be one value', 'one line'],
    ['a key twice', 'pg-user: a\npg-user: b', 'Map keys must be unique', 'Correct the file'],
    ['what is not YAML', 'a: [', '', 'Correct the file'],
  ])('is refused with %s', async (_name, yaml, found, remedy) => {
    await expect(parseSettingsFile(yaml, 'f.yaml')).rejects.toMatchObject({
      kind: 'usage',
      message: expect.stringContaining(`cannot use f.yaml: ${found}`),
      remedy: expect.stringContaining(remedy),
    });
  });
});
