/**
 * A replica of a test's server, made of the newest backup of its archive.
 *
 * @module
 */

import { appendFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { listBackups } from '../../src/backup/list.ts';
import { restoreBackup } from '../../src/restore/restore-backup.ts';
import type { ObjectStore } from '../../src/storage/object-store.ts';
import { ARCHIVE_SCRIPT, quoted, RESTORE_SCRIPT, settingText } from './archived-cluster.ts';
import { serverAt, type TestServer } from './postgres.ts';

/** Of what a replica is made. */
export interface ReplicaOptions {
  /** Holds everything of it. */
  readonly root: string;
  /** Its own, through which it fetches. */
  readonly spool: string;
  readonly store: ObjectStore;
  /** It follows this one, of major 17. */
  readonly server: TestServer;
}

/** Restores it and starts it. */
export async function replicaFromBackup({ root, spool, store, server }: ReplicaOptions): Promise<TestServer> {
  const replica = serverAt(root, 17);
  const backup = (await listBackups(store)).at(-1);
  if (backup === undefined) throw new Error('there is no backup');
  await mkdir(replica.socketDirectory, { recursive: true });
  const place = { destination: replica.dataDirectory, tablespaceLocations: new Map<number, string>() };
  await restoreBackup({ store, backup, ...place, concurrency: 2, onProgress: () => {} });
  const settings = {
    unix_socket_directories: settingText(replica.socketDirectory),
    archive_command: settingText(`PATH=/usr/bin:/bin ${quoted(ARCHIVE_SCRIPT)} ${quoted(spool)} "%p"`),
    restore_command: settingText(`PATH=/usr/bin:/bin ${quoted(RESTORE_SCRIPT)} ${quoted(spool)} "%f" "%p"`),
    primary_conninfo: settingText(`host=${server.socketDirectory} port=5432 user=postgres`),
    recovery_target_timeline: settingText('latest'),
    wal_retrieve_retry_interval: settingText('200ms'),
  };
  const lines = Object.entries(settings).map(([setting, value]) => `${setting} = ${value}\n`);
  await appendFile(join(replica.dataDirectory, 'postgresql.auto.conf'), lines.join(''));
  await writeFile(join(replica.dataDirectory, 'standby.signal'), '');
  await replica.start();
  return { ...replica, [Symbol.asyncDispose]: () => replica.stop('immediate') };
}
