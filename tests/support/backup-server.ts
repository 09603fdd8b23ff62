/**
 * A server that archives into a folder, and what backup tests do with it.
 *
 * @module
 */

import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { backupSourceOf, type BackupSource } from '../../src/backup/backup-source.ts';
import type { ConnectionSettings } from '../../src/instance/connection.ts';
import type { ObjectStore } from '../../src/storage/object-store.ts';
import { openStore } from '../../src/storage/open.ts';
import { serverAt, startPostgres, type TestServer } from './postgres.ts';

/** A server and its archive. Disposing removes both. */
export interface ArchivingServer extends AsyncDisposable {
  readonly server: TestServer;
  readonly store: ObjectStore;
  /** The archive's folder. */
  readonly archive: string;
  /** A folder for everything else of the test. */
  readonly scratch: string;
  readonly source: BackupSource;
  readonly connection: ConnectionSettings;
}

/** Starts a server whose archive_command copies to `wal_005/` of a folder. */
export async function startArchivingServer(
  major: number,
  settings: Readonly<Record<string, string | number>> = {},
): Promise<ArchivingServer> {
  const scratch = await mkdtemp(join(tmpdir(), 'walkback-backup-'));
  const archive = join(scratch, 'archive');
  await mkdir(join(archive, 'wal_005'), { recursive: true });
  const server = await startPostgres({
    major,
    settings: {
      archive_mode: 'on',
      // What is half copied is beside the archive: a listing of the archive never sees it.
      archive_command: `'cp %p ${scratch}/%f.tmp && mv ${scratch}/%f.tmp ${archive}/wal_005/%f'`,
      ...settings,
    },
  });
  const connection = { host: server.socketDirectory, port: server.port, user: 'postgres', database: 'postgres' };
  return {
    server,
    store: await openStore({ kind: 'file', path: archive }),
    archive,
    scratch,
    source: backupSourceOf(connection),
    connection,
    [Symbol.asyncDispose]: async () => {
      await server[Symbol.asyncDispose]();
      await rm(scratch, { recursive: true, force: true });
    },
  };
}

/** Starts a restored data directory (`<root>/data`) beside the first server, recovering to the end of the archive. */
export async function startRestored(root: string, major: number, archive: string): Promise<TestServer> {
  const data = join(root, 'data');
  await mkdir(join(root, 'sock'), { recursive: true });
  const configuration = await readFile(join(data, 'postgresql.conf'), 'utf8');
  const overrides = [
    `unix_socket_directories = '${join(root, 'sock')}'`,
    `archive_mode = off`,
    `restore_command = 'cp ${archive}/wal_005/%f %p'`,
    `recovery_target_action = 'promote'`,
  ];
  await writeFile(join(data, 'postgresql.conf'), `${configuration}\n${overrides.join('\n')}\n`);
  await writeFile(join(data, 'recovery.signal'), '');
  const server = serverAt(root, major);
  await server.start();
  return server;
}

/** Waits until a query says `t`. */
export async function untilTrue(server: TestServer, question: string): Promise<void> {
  for (let attempt = 0; attempt < 300; attempt++) {
    const [row] = await server.sql<{ answer: boolean | null }>(`select (${question}) as answer`);
    if (row?.answer === true) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`it did not become true: ${question}`);
}

/** Switches to a new segment and waits until the one before is archived. */
export async function archiveAll(server: TestServer): Promise<void> {
  const [row] = await server.sql<{ segment: string }>('select pg_walfile_name(pg_switch_wal() - 1) as segment');
  await untilTrue(server, `select last_archived_wal >= '${row?.segment ?? ''}' from pg_stat_archiver`);
}
