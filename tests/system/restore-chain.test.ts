import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { findBackup } from '../../src/backup/list.ts';
import { isFailure, type Failure } from '../../src/base/failure.ts';
import { noProgress } from '../../src/base/progress.ts';
import { openStore } from '../../src/storage/open.ts';
import { formatIncrementHeader } from '../../src/walg/increment.ts';
import { restoreBackup, type RestoreReport } from '../../src/restore/restore-backup.ts';
import { madeTar, type MadeEntry } from '../../src/restore/testing/made-tar.ts';

const PAGE = 8192;
const FULL = 'base_000000010000000000000002';
const DELTA = 'base_000000010000000000000004_D_000000010000000000000002';
/** A control file of PostgreSQL 15, as wal-g stored it. */
const CONTROL = join(
  import.meta.dirname,
  '../../fixtures/walg/pg15-zstd-v309/archive/basebackups_005',
  FULL,
  'tar_partitions/pg_control.tar.zst',
);

type Listed = 'whole' | 'increment' | 'skipped';

interface MadeBackup {
  readonly parts: readonly (readonly MadeEntry[])[];
  readonly files: Readonly<Record<string, Listed>>;
  /** The time that its list has for every file. */
  readonly modifiedAt?: string;
  readonly sentinel?: Readonly<Record<string, unknown>>;
}

const page = (content: number): Buffer => Buffer.alloc(PAGE, content);
const pages = (...contents: number[]): Buffer => Buffer.concat(contents.map((content) => page(content)));
const increment = (fileSizeBytes: number, blocks: Readonly<Record<number, Buffer>>): Buffer =>
  Buffer.concat([formatIncrementHeader(fileSizeBytes, Object.keys(blocks).map(Number)), ...Object.values(blocks)]);

const TABLE = '/base/5/16384';
const DIRECTORIES: MadeEntry[] = ['/', '/base', '/base/5'].map((name) => ({ name, type: 'directory' }));
const LISTED_DIRECTORIES = { '/': 'whole', '/base': 'whole', '/base/5': 'whole' } as const;
const ROOT: MadeBackup = {
  parts: [
    [
      ...DIRECTORIES,
      { name: '/base/9', type: 'directory' },
      { name: TABLE, content: pages(1, 2, 3, 4) },
      { name: '/base/5/dropped', content: Buffer.from('old') },
      { name: '/PG_VERSION', content: Buffer.from('15\n') },
      { name: '/pg_xact/0000', content: Buffer.from('then') },
    ],
  ],
  files: {
    ...LISTED_DIRECTORIES,
    '/base/9': 'whole',
    [TABLE]: 'whole',
    '/base/5/dropped': 'whole',
    '/PG_VERSION': 'whole',
    '/pg_xact/0000': 'whole',
  },
};
const CHILD: MadeBackup = {
  parts: [
    [...DIRECTORIES, { name: TABLE, content: increment(3 * PAGE, { 1: page(8) }) }],
    [{ name: '/pg_xact/0000', content: Buffer.from('now') }],
  ],
  files: { ...LISTED_DIRECTORIES, [TABLE]: 'increment', '/PG_VERSION': 'skipped', '/pg_xact/0000': 'whole' },
};

async function writeBackup(root: string, name: string, backup: MadeBackup): Promise<void> {
  const folder = join(root, 'archive/basebackups_005', name);
  await mkdir(join(folder, 'tar_partitions'), { recursive: true });
  for (const [index, entries] of backup.parts.entries()) {
    await writeFile(join(folder, 'tar_partitions', `part_00${index + 1}.tar`), madeTar(entries));
  }
  await copyFile(CONTROL, join(folder, 'tar_partitions/pg_control.tar.zst'));
  await writeFile(join(folder, 'tar_partitions/backup_label.tar'), madeTar([{ name: 'backup_label' }]));
  const described = Object.entries(backup.files).map(([file, kind]) => [
    file,
    {
      IsIncremented: kind === 'increment',
      IsSkipped: kind === 'skipped',
      MTime: backup.modifiedAt ?? '2026-01-01T00:00:00Z',
      UpdatesCount: 0,
    },
  ]);
  await writeFile(join(folder, 'files_metadata.json'), JSON.stringify({ Files: Object.fromEntries(described) }));
  const times = { StartTime: '2026-01-01T00:00:00Z', FinishTime: '2026-01-01T00:01:00Z' };
  const sentinel = { LSN: 100, FinishLSN: 200, PgVersion: 150_018, Version: 2, ...times, ...backup.sentinel };
  await writeFile(`${folder}_backup_stop_sentinel.json`, JSON.stringify(sentinel));
}

interface Restored extends AsyncDisposable {
  readonly report: RestoreReport;
  read(name: string): Promise<Buffer>;
  readonly names: readonly string[];
}

/** Restores a delta on a full backup. */
async function restored(child: MadeBackup, root: MadeBackup = ROOT): Promise<Restored> {
  const scratch = await mkdtemp(join(tmpdir(), 'walkback-chain-'));
  const dispose = () => rm(scratch, { recursive: true, force: true });
  const delta = { LSN: 300, FinishLSN: 400, DeltaFrom: FULL, DeltaFullName: FULL, DeltaLSN: 100, DeltaCount: 1 };
  try {
    await writeBackup(scratch, FULL, root);
    await writeBackup(scratch, DELTA, { ...child, sentinel: { ...delta, ...child.sentinel } });
    const store = await openStore({ kind: 'file', path: join(scratch, 'archive') });
    const backup = await findBackup(store, DELTA);
    const destination = join(scratch, 'data');
    const given = {
      store,
      backup,
      destination,
      tablespaceLocations: new Map(),
      concurrency: 2,
      onProgress: noProgress,
    };
    const report = await restoreBackup(given);
    const names = await readdir(destination, { recursive: true });
    return { report, names, read: (name) => readFile(join(destination, name)), [Symbol.asyncDispose]: dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}

async function failureOf(work: Promise<unknown>): Promise<Failure> {
  const error: unknown = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!isFailure(error)) throw new Error(`expected a Failure, got ${String(error)}`);
  return error;
}

/** The child with another content for the table. */
function withTable(content: Buffer): MadeBackup {
  return { ...CHILD, parts: [[...DIRECTORIES, { name: TABLE, content }], CHILD.parts[1] ?? []] };
}

describe('a restored chain', () => {
  it('holds what the delta says of each file, and nothing that it does not name', async () => {
    await using data = await restored(CHILD);
    expect((await data.read('base/5/16384')).equals(pages(1, 8, 3))).toBe(true);
    expect((await data.read('PG_VERSION')).toString()).toBe('15\n');
    expect((await data.read('pg_xact/0000')).toString()).toBe('now');
    expect(data.names).not.toContain('base/5/dropped');
    expect(data.names).not.toContain('base/9');
    expect(data.report).toMatchObject({ chain: [FULL, DELTA], files: 5 });
  });

  it('has a file as the backup before holds it where the delta skips it, although its time has changed', async () => {
    const files = { ...CHILD.files, [TABLE]: 'skipped' } as const;
    const parts = [DIRECTORIES, CHILD.parts[1] ?? []];
    await using data = await restored({ ...CHILD, parts, files, modifiedAt: '2026-01-01T02:03:04Z' });
    expect((await data.read('base/5/16384')).equals(pages(1, 2, 3, 4))).toBe(true);
    expect((await data.read('PG_VERSION')).toString()).toBe('15\n');
  });

  it('has a file at the size that an increment without pages tells', async () => {
    await using longer = await restored(withTable(increment(6 * PAGE, {})));
    expect((await longer.read('base/5/16384')).equals(pages(1, 2, 3, 4, 0, 0))).toBe(true);
    await using shorter = await restored(withTable(increment(PAGE, {})));
    expect((await shorter.read('base/5/16384')).equals(page(1))).toBe(true);
  });

  it('does not take a file for an increment because it begins as one', async () => {
    const content = increment(PAGE, { 0: page(5) });
    await using data = await restored({ ...withTable(content), files: { ...CHILD.files, [TABLE]: 'whole' } });
    expect((await data.read('base/5/16384')).equals(content)).toBe(true);
  });
});

describe('an increment that lies', () => {
  const good = increment(3 * PAGE, { 1: page(8) });
  const changed = (change: (bytes: Buffer) => void): Buffer => {
    const bytes = Buffer.from(good);
    change(bytes);
    return bytes;
  };

  it.each<[string, Buffer, RegExp]>([
    ['is none', page(1), /does not begin with wi1U/],
    ['is shorter than its header', good.subarray(0, 10), /ends inside its header/],
    ['lacks a page', good.subarray(0, good.length - 1), /1 pages take/],
    ['has a byte too many', Buffer.concat([good, Buffer.from('x')]), /1 pages take/],
    ['names a block behind the file', changed((bytes) => bytes.writeUInt32LE(3, 16)), /block 3 is out of place/],
    [
      'makes a file larger than any',
      changed((bytes) => bytes.writeBigUInt64LE(2n ** 40n, 4)),
      /cannot have 1099511627776/,
    ],
    ['makes half a page', changed((bytes) => bytes.writeBigUInt64LE(8193n, 4)), /cannot have 8193 bytes/],
    ['has more pages than its file', changed((bytes) => bytes.writeBigUInt64LE(0n, 4)), /more than a file of 0 bytes/],
    ['counts four billion pages', changed((bytes) => bytes.writeUInt32LE(0xffff_ffff, 12)), /4294967295 pages take/],
  ])('is refused: it %s', async (_why, content, message) => {
    const failure = await failureOf(restored(withTable(content)));
    expect(failure.kind).toBe('corrupt');
    expect(failure.message).toMatch(message);
    expect(failure.message).toContain('base/5/16384 in basebackups_005/');
  });

  it('is refused where it is there twice, or not at all', async () => {
    const entry = { name: TABLE, content: good };
    const twice = { ...CHILD, parts: [[...DIRECTORIES, entry], [entry], CHILD.parts[1] ?? []] };
    expect((await failureOf(restored(twice))).message).toContain('an increment is in its parts twice');
    const missing = await failureOf(restored({ ...CHILD, parts: [DIRECTORIES, CHILD.parts[1] ?? []] }));
    expect(missing.facts).toEqual(['base/5/16384']);
  });

  it('is refused where what it builds on is no file', async () => {
    const inPlaceOfTable = async (entry: { type: 'symlink'; linkName: string } | { type: 'directory' }) => {
      const others = (ROOT.parts[0] ?? []).filter(({ name }) => name !== TABLE);
      return (await failureOf(restored(CHILD, { ...ROOT, parts: [[...others, { name: TABLE, ...entry }]] }))).message;
    };
    expect(await inPlaceOfTable({ type: 'symlink', linkName: '/etc/passwd' })).toContain(
      'is a symbolic link in the place of a file of the server',
    );
    expect(await inPlaceOfTable({ type: 'directory' })).toContain('no backup before it holds that file');
  });
});

describe('a chain whose parts do not belong together', () => {
  it('is refused where the full backup lacks a file that the delta takes from it', async () => {
    const failure = await failureOf(restored({ ...CHILD, files: { ...CHILD.files, '/base/5/20000': 'skipped' } }));
    expect(failure.message).toContain(`${FULL}: it does not list "base/5/20000"`);
  });

  it('is refused where the full backup was replaced', async () => {
    const failure = await failureOf(restored(CHILD, { ...ROOT, sentinel: { LSN: 120 } }));
    expect(failure.message).toContain('was replaced by another backup of that name');
  });

  it('is refused where the control file is another cluster’s', async () => {
    const sentinel = { SystemIdentifier: 7 };
    const failure = await failureOf(restored({ ...CHILD, sentinel }, { ...ROOT, sentinel }));
    expect(failure.kind).toBe('refused');
    expect(failure.message).toMatch(/sentinel names system 7, and its control file is of system \d+/);
  });
});
