import { createCipheriv } from 'node:crypto';
import { mkdir, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import type { Backup } from '../../src/backup/backup.ts';
import { findBackup } from '../../src/backup/list.ts';
import { isFailure, type Failure } from '../../src/base/failure.ts';
import { noProgress } from '../../src/base/progress.ts';
import { compressSync } from '../../src/codec/compression.ts';
import { openStore } from '../../src/storage/open.ts';
import { INCOMPLETE_MARK } from '../../src/restore/destination.ts';
import { restoreBackup, type RestoreBackupOptions } from '../../src/restore/restore-backup.ts';
import { madeTar, type MadeEntry } from '../../src/restore/testing/made-tar.ts';

const NAME = 'base_000000010000000000000002';
const FOLDER = `basebackups_005/${NAME}`;

const DIRECTORIES: MadeEntry[] = ['/', '/base', '/base/5', '/global'].map((name) => ({ name, type: 'directory' }));
const LARGE = Buffer.alloc(3 * 1024 * 1024 + 777, 'walkback ');
const PART: MadeEntry[] = [
  ...DIRECTORIES,
  { name: '/PG_VERSION', content: Buffer.from('17\n') },
  { name: '/base/5/16384', content: LARGE },
  { name: '/base/5/16385' },
];
const CONTROL: MadeEntry = { name: '/global/pg_control', content: Buffer.from('control') };
const LABELS: MadeEntry[] = [
  { name: 'backup_label', content: Buffer.from('label') },
  { name: 'tablespace_map', content: Buffer.from('16400 /live/place\n') },
];

interface Archive extends AsyncDisposable {
  readonly root: string;
  readonly backup: Backup;
  restore(more?: Partial<RestoreBackupOptions>): Promise<unknown>;
}

interface Written {
  readonly part?: Buffer;
  readonly partName?: string;
  readonly files?: readonly string[] | 'missing';
  readonly sentinel?: Readonly<Record<string, unknown>>;
}

/** A backup as another program may have written it. */
async function archiveWith(written: Written = {}): Promise<Archive> {
  const root = await mkdtemp(join(tmpdir(), 'walkback-restore-'));
  const tars = join(root, 'archive', FOLDER, 'tar_partitions');
  await mkdir(tars, { recursive: true });
  await writeFile(
    join(tars, written.partName ?? 'part_001.tar.zst'),
    written.part ?? compressSync('zstd', madeTar(PART)),
  );
  await writeFile(join(tars, 'pg_control.tar.lz4'), compressSync('lz4', madeTar([CONTROL])));
  await writeFile(join(tars, 'backup_label.tar'), madeTar(LABELS));
  const times = { StartTime: '2026-01-01T00:00:00Z', FinishTime: '2026-01-01T00:01:00Z' };
  const sentinel = {
    LSN: 33_554_472,
    FinishLSN: 33_554_744,
    PgVersion: 170_010,
    Version: 2,
    ...times,
    ...written.sentinel,
  };
  await writeFile(join(root, 'archive', `${FOLDER}_backup_stop_sentinel.json`), JSON.stringify(sentinel));
  const names = written.files ?? PART.map(({ name }) => name);
  const description = { IsIncremented: false, IsSkipped: false, MTime: '2026-01-01T00:00:00Z', UpdatesCount: 0 };
  if (names !== 'missing') {
    const files = Object.fromEntries(names.map((name) => [name, description]));
    await writeFile(join(root, 'archive', FOLDER, 'files_metadata.json'), JSON.stringify({ Files: files }));
  }
  const store = await openStore({ kind: 'file', path: join(root, 'archive') });
  const backup = await findBackup(store, 'LATEST');
  return {
    root,
    backup,
    restore: (more) =>
      restoreBackup({
        store,
        backup,
        destination: join(root, 'data'),
        tablespaceLocations: new Map(),
        concurrency: 2,
        onProgress: noProgress,
        ...more,
      }),
    [Symbol.asyncDispose]: () => rm(root, { recursive: true, force: true }),
  };
}

async function failureOf(work: Promise<unknown>): Promise<Failure> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!isFailure(error)) throw new Error(`expected a Failure, got ${String(error)}`);
  return error;
}

describe('a restored backup', () => {
  it('holds every file, byte for byte, and what a server needs', async () => {
    await using archive = await archiveWith();
    const report = await archive.restore();
    const data = join(archive.root, 'data');
    expect(report).toMatchObject({ files: 5, skipped: [] });
    expect(await readFile(join(data, 'base/5/16384'))).toEqual(LARGE);
    expect(await readFile(join(data, 'base/5/16385'), 'utf8')).toBe('');
    expect(await readFile(join(data, 'global/pg_control'), 'utf8')).toBe('control');
    expect(await readFile(join(data, 'backup_label'), 'utf8')).toBe('label');
    expect((await readdir(data)).toSorted()).toEqual(
      ['PG_VERSION', 'backup_label', 'base', 'global', 'pg_tblspc', 'pg_wal'].toSorted(),
    );
    expect(await readdir(join(data, 'pg_wal'))).toEqual(['archive_status']);
    expect((await stat(data)).mode & 0o777).toBe(0o700);
  });

  it('has no links, and the report names those that were left out', async () => {
    const link: MadeEntry = { name: '/base/5/link', type: 'symlink', linkName: '/etc' };
    await using archive = await archiveWith({ part: compressSync('zstd', madeTar([...PART, link])) });
    expect(await archive.restore()).toMatchObject({ skipped: ['base/5/link'] });
    expect(await readdir(join(archive.root, 'data/base/5'))).not.toContain('link');
  });

  it('has of a tablespace what is the server’s, and the report names the rest', async () => {
    const server = '/pg_tblspc/16400/PG_17_202406281';
    const entries: MadeEntry[] = [
      { name: '/pg_tblspc/16400', type: 'directory', mode: 0o777 },
      { name: server, type: 'directory' },
      { name: `${server}/5/16401`, content: Buffer.from('row') },
      { name: '/pg_tblspc/16400/authorized_keys', content: Buffer.from('key') },
      { name: '/pg_tblspc/16400/lost+found', type: 'directory' },
      { name: '/pg_tblspc/16400/.bashrc', type: 'symlink', linkName: '/etc/profile' },
    ];
    const spec = { base_prefix: '/d', tablespaces: ['16400'], 16400: { loc: '/root/.ssh', link: 'pg_tblspc/16400' } };
    await using archive = await archiveWith({
      part: compressSync('zstd', madeTar([...PART, ...entries])),
      files: [...PART, ...entries].map(({ name }) => name),
      sentinel: { Spec: spec },
    });
    const place = join(archive.root, 'fast');
    // A place for a tablespace of today, which this backup has not, is not made, and not missed.
    const more: [number, string][] = [[16_999, join(place, '../of-today')]];
    const report = await archive.restore({ tablespaceLocations: new Map([[16_400, place], ...more]) });
    expect(report).toMatchObject({
      files: 6,
      skipped: ['authorized_keys', 'lost+found', '.bashrc'].map((name) => `pg_tblspc/16400/${name}`),
    });
    expect(await readdir(place)).toEqual(['PG_17_202406281']);
    expect((await stat(place)).mode & 0o777).toBe(0o700);
  });

  it('may come from a tar without an end, as WAL-G streams them', async () => {
    await using archive = await archiveWith({ part: madeTar(PART, Buffer.alloc(0)), partName: 'part_001.tar' });
    expect(await archive.restore()).toMatchObject({ files: 5 });
  });
});

describe('a backup that is not what it should be', () => {
  it.each(['/../outside', '/base/../../outside', '//outside'])(
    'with an entry named %s writes nothing outside',
    async (name) => {
      const entry: MadeEntry = { name, content: Buffer.from('x') };
      await using archive = await archiveWith({ part: compressSync('zstd', madeTar([...PART, entry])) });
      const failure = await failureOf(archive.restore());
      expect(failure.kind).toBe('corrupt');
      expect(failure.message).toContain('leads out of the data directory');
      expect((await readdir(archive.root)).toSorted()).toEqual(['archive', 'data']);
    },
  );

  it('with the same file twice is refused', async () => {
    await using archive = await archiveWith({ part: compressSync('zstd', madeTar([...PART, ...PART])) });
    const failure = await failureOf(archive.restore());
    expect(failure.kind).toBe('corrupt');
    expect(failure.message).toContain('part_001.tar.zst: it holds "PG_VERSION", which is there already');
  });

  it('with a file missing is refused, naming it', async () => {
    const files = [...PART.map(({ name }) => name), '/base/5/16999'];
    await using archive = await archiveWith({ files });
    const failure = await failureOf(archive.restore());
    expect(failure.kind).toBe('corrupt');
    expect(failure.facts).toEqual(['base/5/16999']);
  });

  it('with a file that its list does not name is refused, naming it', async () => {
    const unlisted: MadeEntry = { name: '/base/5/1', content: Buffer.from('x') };
    await using archive = await archiveWith({ part: compressSync('zstd', madeTar([...PART, unlisted])) });
    const failure = await failureOf(archive.restore());
    expect(failure.kind).toBe('corrupt');
    expect(failure.message).toContain('its parts hold 1 files that its list of files does not name');
    expect(failure.facts).toEqual(['base/5/1']);
  });

  it('may list no directories, and have its label in a part, as WAL-G streams backups', async () => {
    await using archive = await archiveWith({
      part: compressSync('zstd', madeTar([...PART, ...LABELS])),
      files: PART.filter(({ type }) => type !== 'directory').map(({ name }) => name.slice(1)),
    });
    expect(await archive.restore()).toMatchObject({ files: 5 });
  });

  it('with its list of files missing is refused before anything is written', async () => {
    await using archive = await archiveWith({ files: 'missing' });
    expect((await failureOf(archive.restore())).message).toContain('its list of files');
    expect(await readdir(archive.root)).toEqual(['archive']);
  });

  it('of version 1 needs no list', async () => {
    await using archive = await archiveWith({ files: 'missing', sentinel: { Version: 1 } });
    expect(await archive.restore()).toMatchObject({ files: 5 });
  });

  it.each([
    ['cut short', (part: Buffer) => part.subarray(0, part.length - 100)],
    ['changed', (part: Buffer) => Buffer.from(part).fill(0x55, 40, 60)],
    ['followed by garbage', (part: Buffer) => Buffer.concat([part, Buffer.from('garbage')])],
  ])('with a part %s is refused, and the directory says so', async (_how, damage) => {
    await using archive = await archiveWith({ part: damage(compressSync('zstd', madeTar(PART))) });
    const failure = await failureOf(archive.restore());
    expect(failure.kind).toBe('corrupt');
    expect(failure.message).toContain('part_001.tar.zst');
    const data = join(archive.root, 'data');
    expect(await readdir(data)).toContain(INCOMPLETE_MARK);
    expect(await readdir(join(data, 'global')).catch(() => [])).not.toContain('pg_control');
    expect((await failureOf(archive.restore())).message).toContain('an earlier restore into it was interrupted');
  });

  it('that was encrypted is refused as such', async () => {
    const cipher = createCipheriv('chacha20', Buffer.alloc(32, 1), Buffer.alloc(16, 2));
    await using archive = await archiveWith({ part: cipher.update(compressSync('zstd', madeTar(PART))) });
    const failure = await failureOf(archive.restore());
    expect(failure.kind).toBe('refused');
    expect(failure.message).toContain('part_001.tar.zst: it looks encrypted');
  });

  it('whose parent is missing is refused by name, before anything is written', async () => {
    const parent = 'base_000000010000000000000001';
    const delta = { DeltaFrom: parent, DeltaFullName: parent, DeltaLSN: 1, DeltaCount: 1 };
    await using archive = await archiveWith({ sentinel: delta });
    const failure = await failureOf(archive.restore());
    expect(failure.kind).toBe('corrupt');
    expect(failure.message).toContain(`${parent} is not in the archive`);
    expect(await readdir(archive.root)).toEqual(['archive']);
  });

  it.each<MadeEntry>([
    { name: '/base/5/hard', type: 'link', linkName: '/etc/passwd' },
    { name: '/base/5/null', type: 'characterDevice' },
    { name: '/base/5/pipe', type: 'fifo' },
    { name: '/base/5/16386', type: 'symlink', linkName: '/etc/passwd' },
  ])('with a $type named $name is refused, naming both', async (entry) => {
    await using archive = await archiveWith({
      part: compressSync('zstd', madeTar([...PART, entry])),
      files: [...PART, entry].map(({ name }) => name),
    });
    const failure = await failureOf(archive.restore());
    expect(failure.kind).toBe('corrupt');
    expect(failure.message).toContain(`part_001.tar.zst: "${entry.name.slice(1)}" is a`);
  });

  it('that holds far more than its sentinel declares is given up', async () => {
    const bomb: MadeEntry = { name: '/base/5/9999', content: Buffer.alloc(80 * 1024 * 1024) };
    await using archive = await archiveWith({
      part: compressSync('zstd', madeTar([...PART, bomb])),
      sentinel: { UncompressedSize: 1000 },
    });
    const failure = await failureOf(archive.restore());
    expect(failure.message).toContain('far more than the 1000 bytes that its sentinel declares');
    expect(await readdir(join(archive.root, 'data'))).toContain(INCOMPLETE_MARK);
  });

  it('that declares no size, and holds far more than is stored of it, is given up', async () => {
    const bomb: MadeEntry = { name: '/base/5/9999', content: Buffer.alloc(80 * 1024 * 1024) };
    await using archive = await archiveWith({ part: compressSync('zstd', madeTar([...PART, bomb])) });
    const failure = await failureOf(archive.restore());
    expect(failure.message).toMatch(/far more than \d+ stored bytes can become, and its sentinel declares no size/);
    expect(await readdir(join(archive.root, 'data'))).toContain(INCOMPLETE_MARK);
  });

  it('that holds far more entries than it lists is given up', async () => {
    const root: MadeEntry = { name: '/', type: 'directory' };
    const bomb = Array.from({ length: 140_000 }, () => root);
    await using archive = await archiveWith({ part: compressSync('zstd', madeTar([...PART, ...bomb])) });
    const failure = await failureOf(archive.restore());
    expect(failure.message).toContain('it holds far more entries than the 7 of its list of files');
  });

  it('whose tar of one file holds it twice is refused', async () => {
    await using archive = await archiveWith();
    const control = join(archive.root, 'archive', FOLDER, 'tar_partitions/pg_control.tar.lz4');
    await writeFile(control, compressSync('lz4', madeTar([CONTROL, { ...CONTROL, content: Buffer.from('another') }])));
    const failure = await failureOf(archive.restore());
    expect(failure.kind).toBe('corrupt');
    expect(failure.message).toContain('pg_control.tar.lz4: it holds "global/pg_control" twice');
  });

  it('whose tar of one file holds another is refused', async () => {
    await using archive = await archiveWith();
    const label = join(archive.root, 'archive', FOLDER, 'tar_partitions/backup_label.tar');
    await writeFile(label, madeTar([...LABELS, { name: '/PG_VERSION', content: Buffer.from('99') }]));
    const failure = await failureOf(archive.restore());
    expect(failure.message).toContain('backup_label.tar: it holds "PG_VERSION", which is not its to hold');
  });
});

describe('a destination', () => {
  it('that is not empty is refused and left as it is', async () => {
    await using archive = await archiveWith();
    await mkdir(join(archive.root, 'data'));
    await writeFile(join(archive.root, 'data', 'precious'), '');
    expect((await failureOf(archive.restore())).message).toContain('it is not empty');
    expect(await readdir(join(archive.root, 'data'))).toEqual(['precious']);
  });

  it('needs a place for every tablespace', async () => {
    const spec = { base_prefix: '/d', tablespaces: ['16400'], 16400: { loc: '/live/place', link: 'pg_tblspc/16400' } };
    await using archive = await archiveWith({ sentinel: { Spec: spec } });
    const failure = await failureOf(archive.restore());
    expect(failure.kind).toBe('usage');
    expect(failure.facts).toEqual(['tablespace 16400, on the server at /live/place']);
    const inside = new Map([[16_400, join(archive.root, 'data', 'inside')]]);
    expect((await failureOf(archive.restore({ tablespaceLocations: inside }))).message).toContain('lies inside');
  });

  it('of a restore that was aborted is marked', async () => {
    await using archive = await archiveWith();
    const abort = new AbortController();
    const onProgress = (): void => abort.abort(new Error('enough'));
    await expect(archive.restore({ onProgress, signal: abort.signal })).rejects.toThrow('enough');
    expect(await readdir(join(archive.root, 'data'))).toContain(INCOMPLETE_MARK);
  });
});
