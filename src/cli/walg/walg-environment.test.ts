import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { encryptionSettings } from '../../config/encryption-settings.ts';
import { loadSettings } from '../../config/load-settings.ts';
import { archiveEnvironment, parseWalgConfig, walgEnvironment } from './walg-environment.ts';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'walg-environment-'));
});
afterAll(async () => rm(folder, { recursive: true, force: true }));

async function file(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}

describe("WAL-G's file of settings", () => {
  it('is JSON or YAML, with names in any case and values of any kind', async () => {
    const json = '{"walg_file_prefix":"/srv","WALG_UPLOAD_CONCURRENCY":4,"WALG_STORAGES":{"a":{"x":1}},"GONE":null}';
    expect(await parseWalgConfig(json, 'x.json')).toEqual(
      new Map([
        ['WALG_FILE_PREFIX', '/srv'],
        ['WALG_UPLOAD_CONCURRENCY', '4'],
        ['WALG_STORAGES', '{"a":{"x":1}}'],
      ]),
    );
    expect(await parseWalgConfig('WALG_FILE_PREFIX: /srv\n', 'x.yaml')).toEqual(
      new Map([['WALG_FILE_PREFIX', '/srv']]),
    );
  });

  it('is refused in another format, and when it is broken, without quoting it', async () => {
    await expect(parseWalgConfig('A = 1', 'x.toml')).rejects.toMatchObject({ kind: 'usage' });
    const broken = parseWalgConfig('{"AWS_SECRET_ACCESS_KEY": "hunter2', 'x.json');
    await expect(broken).rejects.toMatchObject({ kind: 'usage', message: expect.not.stringContaining('hunter2') });
    await expect(parseWalgConfig('[1]', 'x.json')).rejects.toMatchObject({ kind: 'usage' });
  });

  it('lies below the environment, and an empty variable counts as unset', async () => {
    const configPath = await file('a.json', '{"WALG_FILE_PREFIX":"/file","WALG_COMPRESSION_METHOD":"lz4"}');
    const environment = { WALG_FILE_PREFIX: '/environment', WALG_COMPRESSION_METHOD: '' };
    expect(await walgEnvironment({ configPath, environment })).toEqual({
      WALG_FILE_PREFIX: '/environment',
      WALG_COMPRESSION_METHOD: 'lz4',
    });
  });

  it('does not make an empty variable for a key one that is not set: it would be written in plain', async () => {
    const environment = { WALG_LIBSODIUM_KEY: '', WALG_FILE_PREFIX: '/srv' };
    const settings = async (inFile: string) =>
      loadSettings({ environment: await walgEnvironment({ configPath: await file('k.json', inFile), environment }) });
    const loaded = await settings('{}');
    expect(() => encryptionSettings(loaded)).toThrow(/WALG_LIBSODIUM_KEY is set, and empty/);
    const ofFile = await settings(`{"WALG_LIBSODIUM_KEY":"${'a'.repeat(32)}"}`);
    expect(encryptionSettings(ofFile)).toMatchObject({ kind: 'libsodium' });
  });

  it('is the one that --config names, then WALG_CONFIG_PATH, then WALG_CONFIG, then ~/.walg.json', async () => {
    const flag = await file('flag.json', '{"X":"flag"}');
    const path = await file('path.json', '{"X":"path"}');
    const short = await file('short.json', '{"X":"short"}');
    await file('.walg.json', '{"X":"home"}');
    const x = async (given: { configPath?: string; environment: Record<string, string> }) =>
      (await walgEnvironment({ ...given, home: folder }))['X'];
    const all = { WALG_CONFIG_PATH: path, WALG_CONFIG: short };
    expect(await x({ configPath: flag, environment: all })).toBe('flag');
    expect(await x({ environment: all })).toBe('path');
    expect(await x({ environment: { WALG_CONFIG: short } })).toBe('short');
    expect(await x({ environment: {} })).toBe('home');
    await expect(x({ configPath: join(folder, 'none.json'), environment: {} })).rejects.toMatchObject({
      kind: 'usage',
    });
  });

  it('alone describes an archive to copy from or to: settings of the process are left out', async () => {
    const path = await file('to.json', '{"WALG_FILE_PREFIX":"/to"}');
    const environment = { WALG_S3_PREFIX: 's3://from/x', AWS_SECRET_ACCESS_KEY: 'k', PATH: '/bin', HOME: '/root' };
    expect(await archiveEnvironment(path, environment)).toEqual({
      WALG_FILE_PREFIX: '/to',
      PATH: '/bin',
      HOME: '/root',
    });
  });
});
