/**
 * Replicas of the live server, made from its newest backup.
 *
 * @module
 */

import { appendFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { listBackups } from '../../../src/backup/list.ts';
import { restoreBackup } from '../../../src/restore/restore-backup.ts';
import { settingText, until } from '../../../tests/support/archived-cluster.ts';
import { serverAt, type TestServer } from '../../../tests/support/postgres.ts';
import type { Recoverable } from '../../../tests/support/recoverable.ts';

/** How it follows. */
export interface ReplicaOptions {
  readonly name: string;
  /** Connects to the live server; otherwise it follows the archive alone. */
  readonly isStreaming: boolean;
  /** `cp` from the archive's folder unless told. */
  readonly restoreCommand?: string;
  readonly settings?: Readonly<Record<string, string>>;
  readonly signal?: 'standby.signal' | 'recovery.signal';
}

/** A plain restore_command, as people write it. */
export function copyCommand(live: Recoverable): string {
  return settingText(`cp ${join(live.archive, 'wal_005')}/%f %p`);
}

/** A server restored from the newest backup; stopped. */
export async function restoredServer(live: Recoverable, options: ReplicaOptions): Promise<TestServer> {
  const root = join(live.root, options.name);
  const server = serverAt(root, live.server.major);
  const backup = (await listBackups(live.uses.store)).toSorted((a, b) => (a.finishLsn < b.finishLsn ? 1 : -1))[0];
  if (backup === undefined) throw new Error('there is no backup');
  await mkdir(join(root, 'sock'), { recursive: true });
  await restoreBackup({
    store: live.uses.store,
    backup,
    destination: server.dataDirectory,
    tablespaceLocations: new Map(),
    concurrency: 2,
    onProgress: () => {},
  });
  const primary = `host=${live.server.socketDirectory} port=5432 user=postgres application_name=${options.name}`;
  const settings = {
    unix_socket_directories: settingText(server.socketDirectory),
    archive_mode: 'off',
    restore_command: options.restoreCommand ?? copyCommand(live),
    recovery_target_timeline: settingText('latest'),
    wal_retrieve_retry_interval: settingText('200ms'),
    ...(options.isStreaming ? { primary_conninfo: settingText(primary) } : {}),
    ...options.settings,
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value}\n`);
  await appendFile(join(server.dataDirectory, 'postgresql.auto.conf'), lines.join(''));
  await writeFile(join(server.dataDirectory, options.signal ?? 'standby.signal'), '');
  return server;
}

/** A replica that runs. Disposing stops it; its folder goes with the live server's. */
export async function startReplica(live: Recoverable, options: ReplicaOptions): Promise<TestServer> {
  const server = await restoredServer(live, options);
  await server.start();
  return { ...server, [Symbol.asyncDispose]: () => server.stop('immediate') };
}

/** Its newest row of orders is `id`. */
export async function untilItHas(replica: TestServer, id: number): Promise<void> {
  await until(`order ${id} reaches ${replica.root}`, async () => {
    const rows = await replica.sql(`select from orders where id = ${id}`).catch(() => []);
    return rows.length === 1;
  });
}

/** Where a replica stands: in recovery, on which timeline, and how many servers stream to it. */
export async function replicaState(
  replica: TestServer,
): Promise<{ recovering: boolean; timeline: number; streams: boolean }> {
  const [row] = await replica.sql<{ recovering: boolean; timeline: number; streams: boolean }>(
    `select pg_is_in_recovery() as recovering, (select timeline_id from pg_control_checkpoint()) as timeline,
      exists (select from pg_stat_wal_receiver where status = 'streaming') as streams`,
  );
  if (row === undefined) throw new Error('a replica without a state');
  return row;
}
