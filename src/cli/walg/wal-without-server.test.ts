import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { pushWalFile } from '../../archive/push.ts';
import { controlFileBytes } from '../../archive/testing/control-file-bytes.ts';
import { segmentBytes } from '../../archive/testing/segment-bytes.ts';
import { compress } from '../../codec/compression.ts';
import { openFileStore } from '../../storage/file/file-store.ts';
import type { ObjectStore } from '../../storage/object-store.ts';
import { runLine } from './testing/run-line.ts';

const SIZE = 1024 * 1024;
const nameOf = (index: number): string => `0000000100000000000000A${index}`;
const segment = (index: number, systemIdentifier = 7n): Buffer =>
  segmentBytes({ name: nameOf(index), sizeBytes: SIZE, systemIdentifier, fill: index });

describe('WAL where there is no data directory', () => {
  let root: string;
  let store: ObjectStore;

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'walkback-no-server-'));
    await mkdir(join(root, 'archive'));
    store = openFileStore(join(root, 'archive'));
  });
  afterEach(async () => rm(root, { recursive: true, force: true }));

  /** A file of a folder that is nobody's `pg_wal`. */
  async function salvaged(name: string, bytes: Buffer): Promise<string> {
    await mkdir(join(root, 'salvaged'), { recursive: true });
    await writeFile(join(root, 'salvaged', name), bytes);
    return join(root, 'salvaged', name);
  }

  async function archived(...indexes: readonly number[]): Promise<void> {
    for (const index of indexes)
      await pushWalFile({ store, path: await salvaged(nameOf(index), segment(index)), systemIdentifier: 7n });
  }

  async function dataDirectory(systemIdentifier: bigint): Promise<string> {
    const path = join(root, 'data');
    await mkdir(join(path, 'global'), { recursive: true });
    await mkdir(join(path, 'pg_wal'));
    await writeFile(
      join(path, 'global', 'pg_control'),
      controlFileBytes({ systemIdentifier, walSegmentSizeBytes: SIZE }),
    );
    return path;
  }

  const walg = async (...words: readonly string[]) =>
    runLine(words, {
      environment: { WALG_FILE_PREFIX: join(root, 'archive'), WALG_DOWNLOAD_CONCURRENCY: '1', PGDATA: pgData },
    });
  let pgData: string | undefined;
  beforeEach(() => (pgData = undefined));

  const isThere = async (path: string): Promise<boolean> =>
    stat(path).then(
      () => true,
      () => false,
    );

  it('is fetched', async () => {
    await archived(1, 2);
    const destination = join(root, 'fetched');
    expect(await walg('wal-fetch', nameOf(2), destination)).toMatchObject({ code: 0, err: '' });
    expect((await readFile(destination)).equals(segment(2))).toBe(true);
  });

  it('is fetched too where PGDATA names a folder that holds none', async () => {
    await archived(1);
    pgData = join(root, 'gone');
    expect((await walg('wal-fetch', nameOf(1), join(root, 'fetched'))).code).toBe(0);
  });

  it('is told from a hole when it is not in the archive', async () => {
    expect((await walg('wal-fetch', nameOf(1), join(root, 'fetched'))).code).toBe(74);
    await archived(1, 3);
    expect((await walg('wal-fetch', nameOf(4), join(root, 'fetched'))).code).toBe(74);
    expect((await walg('wal-fetch', nameOf(2), join(root, 'fetched'))).code).toBeGreaterThan(125);
  });

  it('is refused when it is not what its name says, or of another cluster than the archive', async () => {
    await archived(1);
    await store.put(`wal_005/${nameOf(2)}.zst`, await compress('zstd', segment(2, 8n)));
    await store.put(`wal_005/${nameOf(3)}.zst`, await compress('zstd', segment(4)));
    for (const index of [2, 3]) {
      const { code, err } = await walg('wal-fetch', nameOf(index), join(root, 'fetched'));
      expect([code > 125, err]).toEqual([true, expect.stringContaining(`cannot use wal_005/${nameOf(index)}.zst`)]);
      expect(await isThere(join(root, 'fetched'))).toBe(false);
    }
  });

  it('is of the server in whose pg_wal it is put, wherever the program was started', async () => {
    await archived(1);
    const destination = join(await dataDirectory(8n), 'pg_wal', 'RECOVERYXLOG');
    const { code, err } = await walg('wal-fetch', nameOf(1), destination);
    expect([code > 125, err]).toEqual([true, expect.stringContaining('and this is the system 8')]);
    await rm(join(root, 'data'), { recursive: true });
    await dataDirectory(7n);
    expect((await walg('wal-fetch', nameOf(1), destination)).code).toBe(0);
  });

  it('is pushed, by what its own first page says', async () => {
    const path = await salvaged(nameOf(1), segment(1));
    expect((await walg('wal-push', path)).code).toBe(0);
    expect((await walg('wal-push', path)).err).toContain('it is there already');
    expect((await walg('wal-push', await salvaged('00000002.history', Buffer.from('1\t0/A200000\tx\n')))).code).toBe(0);
  });

  it('is not pushed into the archive of another cluster', async () => {
    await archived(1);
    const { code, err } = await walg('wal-push', await salvaged(nameOf(2), segment(2, 8n)));
    expect([code, err]).toEqual([1, expect.stringContaining('it belongs to the system 7')]);
    expect((await store.listFolder('wal_005/')).objects).toHaveLength(1);
  });

  it('is fetched ahead by the segment size that the archive tells', async () => {
    const destination = join(root, 'to', 'x');
    expect((await walg('wal-prefetch', nameOf(1), destination)).err).toContain('WAL-prefetch: 0 segments');
    await archived(1, 2);
    expect((await walg('wal-prefetch', nameOf(1), destination)).err).toContain('WAL-prefetch: 1 segments');
    expect(await isThere(join(root, 'to', '.wal-g', 'prefetch', nameOf(2)))).toBe(true);
  });
});
