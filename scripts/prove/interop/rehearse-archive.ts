/**
 * Brings an archive's cluster to a moment in a directory of its own, with no live cluster beside it, and lets a caller
 * query it there.
 *
 * @module
 */

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { openArchive } from '../../../src/app/open-archive.ts';
import { restorableBackups } from '../../../src/backup/delta-line.ts';
import { listBackups } from '../../../src/backup/list.ts';
import { noProgress } from '../../../src/base/progress.ts';
import { loadSettings } from '../../../src/config/load-settings.ts';
import { listArchivedWal } from '../../../src/history/archived-wal.ts';
import { findMoment } from '../../../src/history/find-moment.ts';
import { readTimelines } from '../../../src/history/timelines.ts';
import type { Connection } from '../../../src/instance/connection.ts';
import { controlFileOf } from '../../../src/instance/control-file-of.ts';
import {
  startPrivateServer,
  stopPrivateServer,
  tryConnect,
  untilItAnswers,
  type PrivateServer,
} from '../../../src/instance/private-server.ts';
import { readReplayProgress } from '../../../src/instance/replay-progress.ts';
import type { Moment, RecoveryTarget } from '../../../src/postgres/recovery-target.ts';
import { feedWal } from '../../../src/recovery/feed-wal.ts';
import { restoreBackup } from '../../../src/restore/restore-backup.ts';
import { postgresBin } from '../../../tests/support/postgres.ts';

/** What stands at the target. */
export interface StandingArchive {
  connect(database: string): Promise<Connection>;
}

/** Which moment of which archive. */
export interface ArchiveMoment {
  readonly path: string;
  /** WAL-G's settings that it is read with. */
  readonly environment: Readonly<Record<string, string>>;
  readonly major: number;
  readonly timeline: number;
  readonly target: RecoveryTarget;
}

async function writePrivateFiles(root: string, user: string): Promise<void> {
  await mkdir(join(root, 'sock'), { mode: 0o700 });
  await writeFile(join(root, 'private.conf'), '');
  await writeFile(join(root, 'ident.conf'), '');
  await writeFile(join(root, 'hba.conf'), `local all ${user} trust\n`);
  await writeFile(join(root, 'data/recovery.signal'), '');
}

async function serverFor(
  root: string,
  moment: ArchiveMoment,
  found: Moment,
  restoreCommand: string,
): Promise<PrivateServer> {
  const control = await controlFileOf(join(root, 'data'));
  return {
    dataDirectory: join(root, 'data'),
    bin: postgresBin(moment.major),
    logFile: join(root, 'server.log'),
    user: 'postgres',
    settings: {
      major: moment.major,
      socketDirectory: join(root, 'sock'),
      port: 5432,
      configFile: join(root, 'private.conf'),
      hbaFile: join(root, 'hba.conf'),
      identFile: join(root, 'ident.conf'),
      name: 'interop',
      required: control,
      walLevel: 'replica',
      archiving: 'off',
      replay: {
        restoreCommand,
        timeline: found.timeline,
        stopAt: { lsn: found.targetLsn, inclusive: found.inclusive },
      },
    },
  };
}

async function untilPaused(server: PrivateServer): Promise<void> {
  await using connection = await untilItAnswers(server);
  for (;;) {
    const progress = await readReplayProgress(connection);
    if (!progress.isInRecovery) throw new Error('it opened instead of pausing at the target');
    if (progress.isPaused) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

/** Finds the moment, restores, replays up to it, hands it to `look`, and removes everything. */
export async function withArchiveAt<T>(
  moment: ArchiveMoment,
  look: (standing: StandingArchive) => Promise<T>,
): Promise<T> {
  const root = await mkdtemp(join(tmpdir(), 'walkback-interop-'));
  const environment = { ...moment.environment, WALKBACK_ARCHIVE: moment.path };
  await using archive = await openArchive(await loadSettings({ environment, workingDirectory: root }));
  const { store } = archive;
  try {
    const wal = await listArchivedWal(store);
    const timelines = await readTimelines(store, wal);
    const line = timelines.lineOf(moment.timeline);
    const backups = restorableBackups(await listBackups(store), () => line);
    const found = await findMoment({
      store,
      wal,
      line,
      timelines,
      backups,
      target: moment.target,
      onProgress: noProgress,
    });
    const tablespaceLocations = new Map(
      found.backup.tablespaces.map(({ oid }) => [oid, join(root, `tablespace-${oid}`)]),
    );
    const place = { destination: join(root, 'data'), tablespaceLocations };
    await restoreBackup({ store, backup: found.backup, ...place, concurrency: 2, onProgress: noProgress });
    await writePrivateFiles(root, 'postgres');
    await using feed = feedWal({ store, dataDirectory: place.destination, spool: join(root, 'spool') });
    const server = await serverFor(root, moment, found, feed.restoreCommand);
    await startPrivateServer(server);
    try {
      await untilPaused(server);
      return await look({
        connect: async (database) => {
          const connection = await tryConnect(server, database);
          if (connection === undefined) throw new Error(`cannot connect to ${database}`);
          return connection;
        },
      });
    } finally {
      await stopPrivateServer(server.dataDirectory, 'immediate');
    }
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}
