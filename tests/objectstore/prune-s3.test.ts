/** A prune of a bucket that keeps versions, and of one that locks them: the command itself, on a real server's backups. */

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import {
  CreateBucketCommand,
  ListObjectVersionsCommand,
  PutBucketVersioningCommand,
  PutObjectLockConfigurationCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, describe, expect, it } from 'vitest';

import { listBackups } from '../../src/backup/list.ts';
import { takeBackup } from '../../src/backup/take.ts';
import { noProgress } from '../../src/base/progress.ts';
import { restoreBackup } from '../../src/restore/restore-backup.ts';
import type { ObjectStore } from '../../src/storage/object-store.ts';
import { openStore } from '../../src/storage/open.ts';
import type { S3Location } from '../../src/storage/s3/s3-location.ts';
import {
  archiveAll,
  startArchivingServer,
  startRestored,
  untilTrue,
  type ArchivingServer,
} from '../support/backup-server.ts';
import { startMinio } from '../support/minio.ts';
import { runWalkback } from '../support/walkback-process.ts';

const MAJOR = 17;
const s3 = await startMinio();
const real = s3?.kind === 'minio' ? s3 : undefined;

afterAll(async () => s3?.[Symbol.asyncDispose]());

type Keeping = 'versions' | 'locked';

/** A bucket that keeps what is deleted; where it locks, everything in it, and nobody can shorten that. */
async function bucketThat(keeping: Keeping): Promise<{ location: S3Location; client: S3Client }> {
  if (real === undefined) throw new Error('there is no MinIO');
  const plain = await real.newBucket();
  const location = { ...plain, bucket: `${plain.bucket}-kept` };
  const { endpoint, credentials } = real;
  const client = new S3Client({ endpoint, credentials, region: 'us-east-1', forcePathStyle: true });
  const { bucket: Bucket } = location;
  await client.send(new CreateBucketCommand({ Bucket, ObjectLockEnabledForBucket: keeping === 'locked' }));
  if (keeping === 'versions') {
    await client.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Enabled' } }));
    return { location, client };
  }
  const Rule = { DefaultRetention: { Mode: 'COMPLIANCE', Days: 1 } } as const;
  const ObjectLockConfiguration = { ObjectLockEnabled: 'Enabled', Rule } as const;
  await client.send(new PutObjectLockConfigurationCommand({ Bucket, ObjectLockConfiguration }));
  return { location, client };
}

/** Every version with bytes in a bucket, by key and id. */
async function versionsIn({ bucket }: S3Location, client: S3Client): Promise<string[]> {
  const { Versions: versions = [], IsTruncated: isCut } = await client.send(
    new ListObjectVersionsCommand({ Bucket: bucket }),
  );
  if (isCut === true) throw new Error('there are more versions than one page has');
  return versions.map(({ Key: key, VersionId: id }) => `${key} ${id}`);
}

/** Takes a full backup into a store, with the WAL that the server has archived until behind it. */
async function takeTo(store: ObjectStore, archiving: ArchivingServer): Promise<string> {
  const { server, source: instance } = archiving;
  const pushWal = async (): Promise<void> => {
    for await (const { key } of archiving.store.list('wal_005/'))
      await store.put(key, (await archiving.store.get(key)) ?? Buffer.alloc(0), { ifAbsent: true });
  };
  let pushing: Promise<void> = Promise.resolve();
  const { name } = await takeBackup({
    store,
    instance,
    dataDirectory: server.dataDirectory,
    compression: 'zstd',
    concurrency: 2,
    onProgress: ({ phase }) => {
      if (phase === 'wal') pushing = pushing.then(pushWal);
    },
  });
  await pushing;
  await archiveAll(server);
  await pushWal();
  return name;
}

/** What a server says of its table that was made of a backup and the WAL of a store, and of nothing else. */
async function rowsRestored(store: ObjectStore, name: string, scratch: string): Promise<number> {
  const [backup] = (await listBackups(store)).filter((one) => one.name === name);
  if (backup === undefined) throw new Error(`${name} is not listed`);
  const wal = join(scratch, 'left');
  await mkdir(join(wal, 'wal_005'), { recursive: true });
  for await (const { key } of store.list('wal_005/'))
    await writeFile(join(wal, key), (await store.get(key)) ?? Buffer.alloc(0));
  const root = join(scratch, 'restored');
  const destination = join(root, 'data');
  const tablespaceLocations = new Map<number, string>();
  await restoreBackup({ store, backup, destination, tablespaceLocations, concurrency: 2, onProgress: noProgress });
  const restored = await startRestored(root, MAJOR, wal);
  try {
    await untilTrue(restored, 'not pg_is_in_recovery()');
    const [row] = await restored.sql<{ n: number }>('select count(*)::int as n from t');
    return row?.n ?? -1;
  } finally {
    await restored.stop();
  }
}

describe.skipIf(real === undefined)('a prune of a bucket of MinIO', () => {
  it.each([
    ['keeps versions', 'versions', 'The bucket keeps versions of', 'noncurrent versions frees the space'],
    ['locks them', 'locked', 'The bucket locks versions:', 'stays until its lock ends'],
  ] as const)(
    'that %s says so, takes what goes off the list, fights for nothing, and leaves what can be restored',
    async (_how, keeping, found, what) => {
      await using archiving = await startArchivingServer(MAJOR);
      const { location, client } = await bucketThat(keeping);
      const store = await openStore(location);
      await archiving.server.sql('create table t as select i from generate_series(1, 1000) i');
      const first = await takeTo(store, archiving);
      await archiving.server.sql('insert into t select i from generate_series(1001, 1500) i');
      const second = await takeTo(store, archiving);
      await archiving.server.sql('insert into t select i from generate_series(1501, 1700) i');
      const third = await takeTo(store, archiving);

      const environment = {
        WALG_S3_PREFIX: `s3://${location.bucket}/${location.prefix}`,
        AWS_ENDPOINT: location.endpoint ?? '',
        AWS_S3_FORCE_PATH_STYLE: 'true',
        AWS_ACCESS_KEY_ID: location.credentials?.accessKeyId ?? '',
        AWS_SECRET_ACCESS_KEY: location.credentials?.secretAccessKey ?? '',
        PGDATA: archiving.server.dataDirectory,
        HOME: archiving.scratch,
      };
      const prune = async (...args: string[]) => {
        const { code, out, err } = await runWalkback(['prune', '--keep-full', '2', ...args], environment);
        expect(`${code} ${err}`).toMatch(/^0 /);
        return out.replaceAll(/\s+/g, ' ');
      };
      const before = await versionsIn(location, client);

      const plan = await prune('--dry-run');
      expect(plan).toContain(`goes ${first}`);
      expect(plan).toContain(`${found} what goes`);
      expect(plan).toContain(what);
      expect(await versionsIn(location, client)).toEqual(before);

      const done = await prune('--yes');
      expect(done).toMatch(/^Pruned 1 backup and \d+ segments?: \d+ objects/);
      expect(done).toContain(`${found} what went`);
      expect(done).toContain(what);
      // Not one version has been asked to go, or went: the bucket decides for how long they stay.
      const after = await versionsIn(location, client);
      expect(before.filter((version) => !after.includes(version))).toEqual([]);

      expect((await listBackups(store)).map(({ name }) => name)).toEqual([second, third]);
      expect(await prune('--yes')).toContain('Nothing goes.');
      expect(await rowsRestored(store, second, archiving.scratch)).toBe(1700);
      await store.close();
      client.destroy();
    },
    180_000,
  );
});
