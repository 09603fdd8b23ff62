/**
 * The other direction: the real `wal-g` restores a backup that we took and replays WAL that we pushed.
 *
 * @module
 */

import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { appendFile, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { pushWalFile } from '../../../src/archive/push.ts';
import { backupSourceOf } from '../../../src/backup/backup-source.ts';
import { takeBackup } from '../../../src/backup/take.ts';
import { noProgress } from '../../../src/base/progress.ts';
import type { Compression } from '../../../src/base/compression-names.ts';
import type { ObjectStore } from '../../../src/storage/object-store.ts';
import { openStore } from '../../../src/storage/open.ts';
import { differencesFrom, stateAfter } from '../../../tests/support/oracle.ts';
import { MAJORS, runProgram, serverAt, startPostgres, type TestServer } from '../../../tests/support/postgres.ts';
import { openWorkload } from '../../../tests/support/workload.ts';

/** The real program: `WALG_BINARY`, or `wal-g` on the PATH. */
export function walgBinary(): string | undefined {
  const named = process.env['WALG_BINARY'];
  if (named !== undefined && named !== '') {
    accessSync(named, constants.X_OK);
    return named;
  }
  return spawnSync('wal-g', ['--version']).status === 0 ? 'wal-g' : undefined;
}

const SETTINGS = {
  track_commit_timestamp: 'on',
  max_prepared_transactions: 10,
  archive_mode: 'on',
  archive_command: "'exit 1'",
};

/** Pushes what waits in pg_wal, as archive_command would, and says so to the server. */
async function pushWaiting(server: TestServer, store: ObjectStore, compression: Compression): Promise<void> {
  const status = join(server.dataDirectory, 'pg_wal/archive_status');
  const waiting = (await readdir(status)).filter((name) => name.endsWith('.ready')).toSorted();
  for (const name of waiting) {
    const fileName = name.slice(0, -'.ready'.length);
    await pushWalFile({ store, path: join(server.dataDirectory, 'pg_wal', fileName), fileName, compression });
    await runProgram('mv', [join(status, name), join(status, `${fileName}.done`)]);
  }
}

async function writeWrapper(root: string, walg: string, archive: string): Promise<string> {
  const wrapper = join(root, 'walg.sh');
  await writeFile(wrapper, `#!/bin/sh\nWALG_FILE_PREFIX='${archive}' HOME='${root}' exec '${walg}' "$@"\n`, {
    mode: 0o755,
  });
  return wrapper;
}

/** Restores with wal-g to the end of the archive and opens it. */
async function restoreWithWalg(root: string, wrapper: string, major: number): Promise<TestServer> {
  const restored = join(root, 'restored');
  await mkdir(join(restored, 'sock'), { recursive: true });
  await runProgram(wrapper, ['backup-fetch', join(restored, 'data'), 'LATEST']);
  const lines = [
    `restore_command = '${wrapper} wal-fetch "%f" "%p"'`,
    `unix_socket_directories = '${restored}/sock'`,
    'archive_mode = off',
  ];
  await appendFile(join(restored, 'data/postgresql.conf'), `${lines.join('\n')}\n`);
  await writeFile(join(restored, 'data/recovery.signal'), '');
  const server = serverAt(restored, major);
  await server.start();
  return server;
}

async function untilOpen(server: TestServer): Promise<void> {
  for (;;) {
    const [row] = await server.sql<{ open: boolean }>('SELECT NOT pg_is_in_recovery() AS open');
    if (row?.open === true) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Backs up and pushes under a workload, restores with wal-g, and compares with the oracle. @returns differences. */
export async function walgRestoresOurs(walg: string, seed: number): Promise<{ what: string; differences: string[] }> {
  const major = MAJORS[seed % MAJORS.length] ?? 17;
  const compression: Compression = seed % 2 === 0 ? 'zstd' : 'lz4';
  const root = await mkdtemp(join(tmpdir(), 'walkback-walg-'));
  try {
    await mkdir(join(root, 'archive'));
    await using live = await startPostgres({ major, root: join(root, 'live'), settings: SETTINGS });
    const store = await openStore({ kind: 'file', path: join(root, 'archive') });
    const workload = await openWorkload({ seed, sessions: 3, connect: () => live.connect() });
    const instance = backupSourceOf({
      host: live.socketDirectory,
      port: live.port,
      user: 'postgres',
      database: 'postgres',
    });
    const pushing = setInterval(() => void pushWaiting(live, store, compression).catch(() => {}), 200);
    try {
      await workload.run(30);
      const backup = takeBackup({
        store,
        instance,
        dataDirectory: live.dataDirectory,
        compression,
        concurrency: 2,
        onProgress: noProgress,
      });
      await Promise.all([backup, workload.run(60)]);
    } finally {
      clearInterval(pushing);
    }
    await workload.close();
    await live.sql('SELECT pg_switch_wal()');
    await live.stop();
    await pushWaiting(live, store, compression);
    await using restored = await restoreWithWalg(root, await writeWrapper(root, walg, join(root, 'archive')), major);
    await untilOpen(restored);
    const client = await restored.connect();
    const differences = await differencesFrom(client, stateAfter(workload.commits, workload.commits.length));
    await client.end();
    await store.close();
    return { what: `wal-g restores our ${compression} backup and WAL of PostgreSQL ${major}`, differences };
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}
