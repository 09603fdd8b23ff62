/**
 * `wal-g backup-push`: a base backup of the running server, full or delta.
 *
 * Whether it is a delta, and on what, is for WAL-G's settings (`WALG_DELTA_MAX_STEPS`, `WALG_DELTA_ORIGIN`) and flags to say. Pages
 * are always checked where the cluster has data checksums; one that does not carry its checksum is recorded in the
 * backup and said aloud, as WAL-G does with `--verify`.
 *
 * Refused: a backup without its directory (over the replication protocol), and one without its list of files, on which no
 * delta could build.
 *
 * Source: WAL-G `cmd/pg/backup_push.go`, `internal/databases/postgres/backup_push_handler.go`.
 *
 * @module
 */

import { resolve } from 'node:path';

import { openArchive } from '../../../app/open-archive.ts';
import { takeBackupOfServer } from '../../../app/take-backup.ts';
import { parseUserData } from '../../../backup/find-by-user-data.ts';
import type { TakenBackup } from '../../../backup/take.ts';
import { Failure } from '../../../base/failure.ts';
import type { Settings } from '../../../config/load-settings.ts';
import type { SettingName } from '../../../config/settings.ts';
import { goBoolean } from '../parse-walg-arguments.ts';
import { progressLog } from '../progress-log.ts';
import { refuseOtherStorage } from '../target-storage.ts';
import { TARGET_STORAGE, type WalgCommand, type WalgFlag, type WalgGiven, type WalgSession } from '../walg-command.ts';
import type { WalgLog } from '../walg-log.ts';

const ORDER_OF_PARTS: Pick<WalgFlag, 'summary' | 'withoutEffect'> = {
  summary: 'Accepted, without effect',
  withoutEffect: 'how files are put into parts cannot be chosen',
};

function dataDirectoryOf(operands: readonly string[], settings: Settings): string {
  const given = operands[0] ?? settings.get('dataDirectory');
  if (given !== undefined && given !== '') return resolve(given);
  throw new Failure('refused', {
    message: 'cannot take a backup without the data directory: backups over the replication protocol are not supported',
    remedy: 'Give the data directory, or set PGDATA, on the host of the server.',
  });
}

/** A boolean of WAL-G's. @throws {Failure} `usage` for what is none. */
function isOn({ environment }: Settings, variable: string): boolean {
  const text = environment[variable] ?? '';
  const value = text === '' ? false : goBoolean(text);
  if (value !== undefined) return value;
  throw new Failure('usage', {
    message: `cannot use ${JSON.stringify(text)} of ${variable}: expected true or false`,
    remedy: 'Correct it, or unset it.',
  });
}

function refuseWithoutFiles(flags: ReadonlySet<string>, settings: Settings): void {
  if (!flags.has('without-files-metadata') && !isOn(settings, 'WALG_WITHOUT_FILES_METADATA')) return;
  throw new Failure('refused', {
    message: 'cannot take a backup without its list of files: nothing could tell whether it is whole',
    remedy: 'Leave --without-files-metadata (WALG_WITHOUT_FILES_METADATA) out.',
  });
}

function logTaken({ name, deltaFrom, fullBecause, corruptFiles, skipped, warnings }: TakenBackup, log: WalgLog): void {
  if (fullBecause !== undefined) log.warning(`a full backup was taken: ${fullBecause}`);
  for (const file of corruptFiles) log.warning(`pages do not carry their checksum: ${file.name}`);
  for (const path of skipped) log.warning(`left out: ${path}`);
  for (const warning of warnings) log.warning(warning);
  if (deltaFrom !== undefined) log.info(`Delta backup from ${deltaFrom}`);
  log.info(`Wrote backup with name ${name} to storage default`);
}

async function settingsFor({ operands, values }: WalgGiven, session: WalgSession): Promise<Settings> {
  const flags = new Map<SettingName, string>([['dataDirectory', dataDirectoryOf(operands, session.settings)]]);
  const [name, userData] = [values.get('delta-from-name'), values.get('delta-from-user-data')];
  if (name !== undefined) flags.set('deltaFromName', name);
  if (userData !== undefined) flags.set('deltaFromUserData', userData);
  return session.settingsWith(flags);
}

/** The command. */
export const backupPush: WalgCommand = {
  words: 'backup-push',
  summary: 'Makes backup and uploads it to storage',
  usage: 'db_directory',
  flags: {
    'add-user-data': {
      takes: 'string',
      summary: 'Write the provided user data to the backup sentinel and metadata files.',
    },
    'copy-composer': { short: 'c', ...ORDER_OF_PARTS },
    'database-composer': { short: 'b', ...ORDER_OF_PARTS },
    'delta-from-name': { takes: 'string', summary: 'The backup that the delta builds on, by its name' },
    'delta-from-user-data': { takes: 'string', summary: 'The backup that the delta builds on, by its user data' },
    full: { short: 'f', summary: 'Make full backup-push' },
    permanent: { short: 'p', summary: 'Pushes permanent backup' },
    'rating-composer': { short: 'r', ...ORDER_OF_PARTS },
    'store-all-corrupt': {
      short: 's',
      summary: 'Accepted, without effect',
      withoutEffect: 'corrupt blocks are recorded as they are found',
    },
    'target-storage': TARGET_STORAGE,
    verify: { short: 'v', summary: 'Verify page checksums; they are, also without it' },
    'without-files-metadata': { summary: 'Refused: nothing could tell whether the backup is whole' },
  },
  operands: [0, 1],
  listener: 'operator',
  run: async (given, session) => {
    const { flags, values } = given;
    const { log, signal } = session;
    refuseOtherStorage(values, session.settings.environment);
    refuseWithoutFiles(flags, session.settings);
    const settings = await settingsFor(given, session);
    await using archive = await openArchive(settings, { onAway: log.warning });
    const userData = values.get('add-user-data') ?? settings.environment['WALG_SENTINEL_USER_DATA'];
    const taken = await takeBackupOfServer(settings, archive, {
      isPermanent: flags.has('permanent'),
      allowCorruptPages: true,
      ...(flags.has('full') ? { kind: 'full' } : {}),
      ...(userData === undefined || userData === '' ? {} : { userData: parseUserData(userData) }),
      onProgress: progressLog(log),
      signal,
    });
    logTaken(taken, log);
    return 0;
  },
};
