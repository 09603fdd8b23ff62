import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { isFailure } from '../base/failure.ts';
import { walkDataDirectory, type DataDirectoryContents } from './data-directory.ts';

interface Made extends AsyncDisposable {
  readonly data: string;
  /** Another disk, so to say. */
  readonly elsewhere: string;
  walk(): Promise<DataDirectoryContents>;
}

async function made(files: readonly string[], links: Readonly<Record<string, string>> = {}): Promise<Made> {
  const root = await mkdtemp(join(tmpdir(), 'walkback-walk-'));
  const [data, elsewhere] = [join(root, 'data'), join(root, 'elsewhere')];
  for (const file of files) {
    await mkdir(dirname(join(root, file)), { recursive: true });
    await writeFile(join(root, file), 'content');
  }
  for (const [name, target] of Object.entries(links)) {
    await mkdir(dirname(join(data, name)), { recursive: true });
    await symlink(join(elsewhere, target), join(data, name));
  }
  return {
    data,
    elsewhere,
    walk: () => walkDataDirectory(data, { tablespaceVersionDirectory: 'PG_17_202406281' }),
    [Symbol.asyncDispose]: () => rm(root, { recursive: true, force: true }),
  };
}

const namesOf = ({ entries }: DataDirectoryContents): string[] => entries.map(({ name }) => name);

describe('a walk over a data directory with links', () => {
  it('follows tablespaces, for this server’s part alone, without an entry for the link', async () => {
    const part = 'elsewhere/space/PG_17_202406281/5/16400';
    await using tree = await made(['data/PG_VERSION', part, 'elsewhere/space/PG_16_202307071/5/1'], {
      'pg_tblspc/16390': 'space',
    });
    const contents = await tree.walk();
    expect(namesOf(contents)).toEqual([
      '/',
      '/PG_VERSION',
      '/pg_tblspc',
      '/pg_tblspc/16390/PG_17_202406281',
      '/pg_tblspc/16390/PG_17_202406281/5',
      '/pg_tblspc/16390/PG_17_202406281/5/16400',
    ]);
    expect(contents.tablespaces).toEqual([{ oid: 16_390, location: join(tree.elsewhere, 'space') }]);
  });

  it.each<[string, string[]]>([
    ['nothing', []],
    ['a directory without this server’s part', ['elsewhere/space/PG_16_202307071/5/1']],
  ])('is refused where a tablespace’s link leads to %s', async (_what, files) => {
    await using tree = await made(['data/PG_VERSION', ...files], { 'pg_tblspc/16390': 'space' });
    const error: unknown = await tree.walk().catch((thrown: unknown) => thrown);
    if (!isFailure(error, 'refused')) throw new Error('expected a refusal');
    expect(error.message).toContain(join(tree.data, 'pg_tblspc/16390'));
  });

  it('leaves out a tablespace that is being dropped: its link goes right behind its directory', async () => {
    await using tree = await made(['data/PG_VERSION'], { 'pg_tblspc/16390': 'space' });
    const walking = tree.walk();
    setTimeout(() => void rm(join(tree.data, 'pg_tblspc/16390')), 200);
    const contents = await walking;
    expect(contents.tablespaces).toEqual([]);
    expect(namesOf(contents)).toEqual(['/', '/PG_VERSION', '/pg_tblspc']);
  });

  it('has pg_wal as an empty directory that its owner alone may enter', async () => {
    await using tree = await made(['data/PG_VERSION', 'elsewhere/wal/000000010000000000000001'], { pg_wal: 'wal' });
    const contents = await tree.walk();
    expect(namesOf(contents)).toEqual(['/', '/PG_VERSION', '/pg_wal']);
    expect(contents.entries.at(-1)).toMatchObject({ type: 'directory', mode: 0o700 });
  });

  it('has temporary files’ directory empty, wherever it leads', async () => {
    await using tree = await made(['data/base/1/1259', 'elsewhere/tmp/x'], { 'base/pgsql_tmp': 'tmp' });
    expect(namesOf(await tree.walk()).slice(-1)).toEqual(['/base/pgsql_tmp']);
  });

  it('follows the server’s own directories and databases, and says which', async () => {
    const files = ['data/base/1/1259', 'elsewhere/database/16400', 'elsewhere/transactions/0000'];
    await using tree = await made(files, { 'base/16384': 'database', pg_xact: 'transactions' });
    const contents = await tree.walk();
    expect(contents.entries.map(({ name, type }) => `${name} ${type}`)).toEqual([
      '/ directory',
      '/base directory',
      '/base/1 directory',
      '/base/1/1259 file',
      '/base/16384 directory',
      '/base/16384/16400 file',
      '/pg_xact directory',
      '/pg_xact/0000 file',
    ]);
    expect(contents.followed).toEqual(['/base/16384', '/pg_xact']);
    expect(contents.entries.find(({ name }) => name === '/base/16384/16400')).toMatchObject({ relationSegment: 0 });
  });

  it.each<[string, Readonly<Record<string, string>>]>([
    ['one file of a table', { 'base/5/16384': 'file' }],
    ['the control file', { 'global/pg_control': 'file' }],
    ['a database that is not there', { 'base/16384': 'nowhere' }],
    ['a directory deep down', { 'pg_xact/deep': 'folder' }],
  ])('is refused where %s is a link', async (_what, links) => {
    await using tree = await made(['data/PG_VERSION', 'elsewhere/file', 'elsewhere/folder/x'], links);
    const error: unknown = await tree.walk().catch((thrown: unknown) => thrown);
    if (!isFailure(error, 'refused')) throw new Error('expected a refusal');
    expect(error.message).toContain(Object.keys(links)[0]);
  });

  it('leaves out links that the server does not need, and names them', async () => {
    await using tree = await made(['data/PG_VERSION', 'elsewhere/conf', 'elsewhere/log/x'], {
      'server.crt': 'conf',
      'mine/logs': 'log',
    });
    const contents = await tree.walk();
    expect(contents.skipped).toEqual(['/mine/logs', '/server.crt']);
    expect(namesOf(contents)).toEqual(['/', '/PG_VERSION', '/mine']);
  });
});
