/** A whole recovery with the archive in a real S3 server: the commands that an operator types, and nothing else. */

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, describe, expect, it } from 'vitest';

import { ARCHIVE_SCRIPT, quoted, ROOT, settingText, until } from '../support/archived-cluster.ts';
import { startMinio } from '../support/minio.ts';
import { startPostgres, type TestServer } from '../support/postgres.ts';

const s3 = await startMinio();
afterAll(async () => s3?.[Symbol.asyncDispose]());

const PROGRAM = join(ROOT, 'bin/walkback');

type Environment = Readonly<Record<string, string>>;

/** Runs `walkback … --json`; its answer. @throws with what it says on standard error if it does not exit 0. */
async function walkback(environment: Environment, ...args: string[]): Promise<Record<string, unknown>> {
  const child = spawn(PROGRAM, [...args, '--json'], { env: { ...process.env, ...environment } });
  const [out, err]: [Buffer[], Buffer[]] = [[], []];
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`walkback ${args.join(' ')} ended with ${code}: ${Buffer.concat(err).toString()}`);
  return JSON.parse(Buffer.concat(out).toString());
}

interface S3Cluster extends AsyncDisposable {
  readonly server: TestServer;
  readonly environment: Environment;
}

/** Credentials and endpoint go by the environment, as WAL-G takes them. */
async function startOnS3(): Promise<S3Cluster> {
  if (s3 === undefined) throw new Error('there is no S3 server');
  const bucket = await s3.newBucket();
  if (bucket.kind !== 's3' || bucket.credentials === undefined) throw new Error('the bucket is not of S3');
  const root = await mkdtemp(join(tmpdir(), 'walkback-s3-'));
  const command = `sh ${quoted(ARCHIVE_SCRIPT)} ${quoted(join(root, 'spool'))} "%p"`;
  const settings = { archive_mode: 'on', archive_command: settingText(command) };
  const server = await startPostgres({ major: 16, root, walSegmentSizeMib: 1, settings });
  const environment = {
    WALG_S3_PREFIX: `s3://${bucket.bucket}/shop`,
    AWS_ENDPOINT: bucket.endpoint ?? '',
    AWS_S3_FORCE_PATH_STYLE: 'true',
    AWS_ACCESS_KEY_ID: bucket.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: bucket.credentials.secretAccessKey,
    PGDATA: server.dataDirectory,
    WALKBACK_BIN_DIRECTORY: server.bin,
    WALKBACK_SPOOL_DIRECTORY: join(root, 'spool'),
    ...server.environment,
  };
  const agent: ChildProcess = spawn(PROGRAM, ['agent'], { env: { ...process.env, ...environment }, stdio: 'ignore' });
  return {
    server,
    environment,
    [Symbol.asyncDispose]: async () => {
      agent.kill('SIGTERM');
      if (agent.exitCode === null) await once(agent, 'exit');
      await server[Symbol.asyncDispose]();
      await rm(root, { recursive: true, force: true });
    },
  };
}

async function rows(server: TestServer): Promise<number> {
  const [row] = await server.sql<{ n: number }>('SELECT count(*)::int AS n FROM orders');
  return row?.n ?? -1;
}

describe.skipIf(s3 === undefined)('a recovery from an S3 bucket', () => {
  it('brings deleted rows back by commands alone, and undo takes it back', async () => {
    await using cluster = await startOnS3();
    const { server, environment } = cluster;
    await walkback(environment, 'backup', 'take');
    await server.sql('CREATE TABLE orders AS SELECT i AS id FROM generate_series(1, 500) i');
    const [deleted] = await server.sql<{ xid: number }>(
      'WITH gone AS (DELETE FROM orders RETURNING 1) SELECT txid_current()::int AS xid FROM (SELECT count(*) FROM gone) c',
    );
    await server.sql('INSERT INTO orders VALUES (1001), (1002)');
    const [last] = await server.sql<{ segment: string }>('SELECT pg_walfile_name(pg_switch_wal()) AS segment');
    await until('the last segment is archived', async () => {
      const [archiver] = await server.sql<{ done: boolean }>(
        `SELECT last_archived_wal >= '${last?.segment}' AS done FROM pg_stat_archiver`,
      );
      return archiver?.done === true;
    });
    const run = await walkback(environment, 'recover', 'run', '--before-xid', String(deleted?.xid), '--yes');
    expect(run['state']).toBe('recovered');
    expect(await rows(server)).toBe(500);
    const undone = await walkback(environment, 'undo', String(run['id']), '--yes');
    expect(undone['state']).toBe('undone');
    expect(await rows(server)).toBe(2);
  });
});
