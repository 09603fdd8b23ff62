/** A backup of a real server in a real S3 server, and back. */

import { join } from 'node:path';

import { afterAll, describe, expect, it } from 'vitest';

import { findBackup } from '../../src/backup/list.ts';
import { takeBackup } from '../../src/backup/take.ts';
import { noProgress, type Progress } from '../../src/base/progress.ts';
import { restoreBackup } from '../../src/restore/restore-backup.ts';
import type { ObjectStore } from '../../src/storage/object-store.ts';
import { openStore } from '../../src/storage/open.ts';
import {
  archiveAll,
  startArchivingServer,
  startRestored,
  untilTrue,
  type ArchivingServer,
} from '../support/backup-server.ts';
import { startMinio } from '../support/minio.ts';

const MAJOR = 17;
const PART_BYTES = 5 * 1024 * 1024;
const s3 = await startMinio();

afterAll(async () => s3?.[Symbol.asyncDispose]());

async function newStore(): Promise<ObjectStore> {
  if (s3 === undefined) throw new Error('there is no S3 server');
  return openStore(await s3.newBucket({ maxPartSizeBytes: PART_BYTES }));
}

/** Copies what the archive_command has put into the folder since the last time, as an archiver would. */
async function pushWal(from: ObjectStore, to: ObjectStore): Promise<void> {
  for await (const { key } of from.list('wal_005/')) {
    await to.put(key, (await from.get(key)) ?? Buffer.alloc(0), { ifAbsent: true });
  }
}

async function takeTo(store: ObjectStore, archiving: ArchivingServer, compression: 'zstd' | 'lz4') {
  let pushing: Promise<void> = Promise.resolve();
  const onProgress = ({ phase }: Progress): void => {
    if (phase === 'wal') pushing = pushing.then(() => pushWal(archiving.store, store));
  };
  const { server, source: instance } = archiving;
  const taken = await takeBackup({
    store,
    instance,
    dataDirectory: server.dataDirectory,
    compression,
    concurrency: 2,
    onProgress,
  });
  await pushing;
  return taken;
}

async function contentOf(server: ArchivingServer['server']): Promise<string> {
  const [row] = await server.sql<{ sum: string }>("select md5(string_agg(t::text, ',' order by i)) as sum from t");
  return row?.sum ?? '';
}

describe.skipIf(s3 === undefined)(`a backup in S3 (${s3?.kind ?? 'no server'})`, () => {
  it.each(['zstd', 'lz4'] as const)(
    'in %s restores to what the server held',
    async (compression) => {
      await using archiving = await startArchivingServer(MAJOR);
      const { server, scratch } = archiving;
      // Parts of more than one multipart piece: rows that hardly compress.
      await server.sql(
        "create table t as select i, encode(sha512(i::text::bytea), 'base64') as body from generate_series(1, 200000) i",
      );
      await server.sql('checkpoint');
      const store = await newStore();
      const taken = await takeTo(store, archiving, compression);
      await server.sql('insert into t select i, null from generate_series(200001, 200100) i');
      await archiveAll(server);
      const expected = await contentOf(server);

      const backup = await findBackup(store, 'LATEST');
      expect(backup).toMatchObject({ name: taken.name, compressedSizeBytes: taken.compressedSizeBytes });
      const root = join(scratch, 'restored');
      const report = await restoreBackup({
        store,
        backup,
        destination: join(root, 'data'),
        tablespaceLocations: new Map(),
        concurrency: 2,
        onProgress: noProgress,
      });
      expect(report.sizeBytes).toBeGreaterThan(4 * PART_BYTES);
      const restored = await startRestored(root, MAJOR, archiving.archive);
      try {
        await untilTrue(restored, 'not pg_is_in_recovery()');
        expect(await contentOf(restored)).toBe(expected);
      } finally {
        await restored.stop();
      }
      await store.close();
    },
    120_000,
  );

  it('that is aborted leaves no object', async () => {
    await using archiving = await startArchivingServer(MAJOR);
    await archiving.server.sql('create table t as select i, md5(i::text) from generate_series(1, 300000) i');
    const store = await newStore();
    const abort = new AbortController();
    const aborted = takeBackup({
      store,
      instance: archiving.source,
      dataDirectory: archiving.server.dataDirectory,
      compression: 'zstd',
      concurrency: 2,
      onProgress: () => abort.abort(new Error('enough')),
      signal: abort.signal,
    });
    await expect(aborted).rejects.toThrow('enough');
    expect(await Array.fromAsync(store.list(''))).toEqual([]);
    await store.close();
  }, 60_000);
});
