import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { inclusionsIn, withInclusions } from './configuration-files.ts';

let folder = '';
let data = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'walkback-configuration-'));
  data = join(folder, 'data');
  await mkdir(data);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('what a configuration file includes', () => {
  it('is read as the server reads it', () => {
    const text = [
      "include 'a.conf'",
      "  INCLUDE_IF_EXISTS = 'it''s.conf'  # why",
      "include_dir 'conf.d'",
      'include plain.conf',
      "#include 'not.conf'",
      "included = 'not'",
      "shared_buffers = '1GB'",
    ].join('\r\n');
    expect(inclusionsIn(text, false)).toEqual([
      { kind: 'file', path: 'a.conf' },
      { kind: 'file', path: "it's.conf" },
      { kind: 'folder', path: 'conf.d' },
      { kind: 'file', path: 'plain.conf' },
    ]);
  });

  it('has the lists of pg_hba.conf', () => {
    const text = '# @comment\nhost @databases,other @"all users" 10.0.0.0/8 scram-sha-256\nlocal all all peer\n';
    expect(inclusionsIn(text, true)).toEqual([
      { kind: 'file', path: 'databases' },
      { kind: 'file', path: 'all users' },
    ]);
    expect(inclusionsIn(text, false)).toEqual([]);
  });
});

describe('the files of a configuration', () => {
  it('are those inside the data directory, empty ones and missing ones too, through files outside of it', async () => {
    await mkdir(join(data, 'conf.d'));
    await mkdir(join(folder, 'etc'));
    await writeFile(
      join(data, 'postgresql.conf'),
      `include 'empty.conf'\ninclude_dir '../etc'\ninclude_dir 'conf.d'\n`,
    );
    await writeFile(join(data, 'empty.conf'), '');
    await writeFile(join(folder, 'etc', 'a.conf'), `include_if_exists '${data}/gone.conf'\n`);
    await writeFile(join(data, 'conf.d', 'b.conf'), "include '../postgresql.conf'\n");
    await writeFile(join(data, 'conf.d', 'b.off'), '');
    expect(await withInclusions(data, ['postgresql.conf', 'pg_hba.conf'])).toEqual([
      'conf.d/',
      'conf.d/b.conf',
      'empty.conf',
      'gone.conf',
      'pg_hba.conf',
      'postgresql.conf',
    ]);
  });
});
