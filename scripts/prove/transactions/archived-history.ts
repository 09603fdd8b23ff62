/**
 * A workload whose WAL went out through the agent, its archive left as one configuration wants it.
 *
 * @module
 */

import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { runAgent } from '../../../src/archive/agent.ts';
import { backupSourceOf } from '../../../src/backup/backup-source.ts';
import { takeBackup } from '../../../src/backup/take.ts';
import type { ObjectStore } from '../../../src/storage/object-store.ts';
import { openStore } from '../../../src/storage/open.ts';
import { ARCHIVE_SCRIPT, quoted, settingText, until } from '../../../tests/support/archived-cluster.ts';
import { createHistorySchema, writeHistory, type History } from '../../../tests/support/history-workload.ts';
import { startPostgres, type TestServer } from '../../../tests/support/postgres.ts';
import type { HistoryConfiguration } from './history-configuration.ts';

/** The archive, and what must be in it. Disposing removes all. */
export interface ArchivedHistory extends AsyncDisposable {
  readonly archive: string;
  readonly history: History;
  /** Nothing of the workload is before it. */
  readonly fromLsn: string;
}

async function startArchiving(given: HistoryConfiguration): Promise<TestServer> {
  return startPostgres({
    major: given.major,
    ...(given.bin === undefined ? {} : { bin: given.bin }),
    walSegmentSizeMib: given.segmentSizeMib,
    settings: {
      wal_level: given.walLevel,
      wal_compression: given.walCompression === 'pglz' ? 'on' : given.walCompression,
      archive_mode: 'on',
      // The spool is beside the data directory, which is the working directory of the command.
      archive_command: settingText(`sh ${quoted(ARCHIVE_SCRIPT)} ../spool "%p"`),
      max_prepared_transactions: 20,
      autovacuum: 'off',
    },
  });
}

async function untilArchived(server: TestServer): Promise<void> {
  const [row] = await server.sql<{ segment: string }>('SELECT pg_walfile_name(pg_switch_wal()) AS segment');
  await until(
    'the last segment is archived',
    async () => {
      const [last] = await server.sql<{ done: boolean }>(
        `SELECT last_archived_wal >= '${row?.segment}' AS done FROM pg_stat_archiver`,
      );
      return last?.done === true;
    },
    120_000,
  );
}

/** Takes a backup; returns the name of the first segment that it needs. */
async function backUp(server: TestServer, store: ObjectStore): Promise<string> {
  const connection = { host: server.socketDirectory, port: server.port, user: 'postgres', database: 'postgres' };
  const { name } = await takeBackup({
    store,
    instance: backupSourceOf(connection),
    dataDirectory: server.dataDirectory,
    compression: 'none',
    concurrency: 2,
    onProgress: () => {},
  });
  return name.replace('base_', '');
}

/** Takes away what was archived before a segment: what a retention leaves behind its oldest backup. */
async function forgetBefore(archive: string, segment: string): Promise<void> {
  const folder = join(archive, 'wal_005');
  for (const file of await readdir(folder))
    if (/^[0-9A-F]{24}/.test(file) && file.slice(0, 24) < segment) await rm(join(folder, file));
}

async function write(
  server: TestServer,
  archive: string,
  seed: number,
  transactions: number,
  given: HistoryConfiguration,
): Promise<{ history: History; fromLsn: string }> {
  const store = await openStore({ kind: 'file', path: archive });
  const ending = new AbortController();
  const { dataDirectory } = server;
  const agent = runAgent({ store, dataDirectory, spool: join(server.root, 'spool'), signal: ending.signal });
  agent.catch(() => {});
  try {
    await createHistorySchema(server, given.names === 'snapshot');
    const oldest = given.names === 'snapshot' ? await backUp(server, store) : undefined;
    const [start] = await server.sql<{ lsn: string }>('SELECT pg_current_wal_insert_lsn()::text AS lsn');
    const history = await writeHistory({ server, seed, transactions, stop: given.stop });
    await untilArchived(server);
    if (oldest !== undefined) await forgetBefore(archive, oldest);
    return { history, fromLsn: start?.lsn ?? '' };
  } finally {
    ending.abort();
    await agent.catch(() => {});
    await store.close();
  }
}

/** Starts a server as configured, runs the workload of a seed on it, and stops it. */
export async function archiveHistory(
  seed: number,
  transactions: number,
  given: HistoryConfiguration,
): Promise<ArchivedHistory> {
  const server = await startArchiving(given);
  const archive = join(server.root, 'archive');
  try {
    await mkdir(archive);
    const written = await write(server, archive, seed, transactions, given);
    await server.stop('immediate');
    if (given.index !== 'agent') await rm(join(archive, 'walkback_001', 'history'), { recursive: true, force: true });
    if (given.names === 'followed') await rm(join(archive, 'walkback_001', 'names'), { recursive: true, force: true });
    return { archive, ...written, [Symbol.asyncDispose]: async () => server[Symbol.asyncDispose]() };
  } catch (error) {
    await server[Symbol.asyncDispose]();
    throw error;
  }
}
