/**
 * `wal-g backup-fetch`: a backup into an empty directory.
 *
 * Tablespaces go to the places they had, or those that `--restore-spec` tells; each must be empty too, so nothing of a live
 * server is ever written over, and only a server's own folder is made there. What a server needs to recover (`recovery.signal`, `restore_command`) is left to the caller, as
 * in WAL-G.
 *
 * Source: WAL-G `cmd/pg/backup_fetch.go`, `internal/databases/postgres/backup_fetch_handler.go`.
 *
 * @module
 */

import { readFile } from 'node:fs/promises';
import { matchesGlob, resolve } from 'node:path';

import { networkLimiter } from '../../../app/network-limiter.ts';
import { openArchive } from '../../../app/open-archive.ts';
import type { Backup } from '../../../backup/backup.ts';
import { findBackup } from '../../../backup/list.ts';
import { Failure, messageOf } from '../../../base/failure.ts';
import { damageText } from '../../../restore/damaged-pages.ts';
import { restoreBackup } from '../../../restore/restore-backup.ts';
import { isForeignInTablespace } from '../../../restore/restored-path.ts';
import { restoreOnly } from '../../../restore/restore-only.ts';
import type { ObjectStore } from '../../../storage/object-store.ts';
import { filesMetadataKey } from '../../../walg/backup-names.ts';
import { LIST_LIMITS } from '../../../backup/files-of-backup.ts';
import { parseFilesMetadata } from '../../../walg/files-metadata.ts';
import { JsonFields } from '../../../walg/json-fields.ts';
import { parseJson64 } from '../../../walg/json64.ts';
import { parseTablespaceSpec, type Tablespace } from '../../../walg/tablespace-spec.ts';
import { findByUserData, parseUserData } from '../../../backup/find-by-user-data.ts';
import { progressLog } from '../progress-log.ts';
import { readStorage } from '../target-storage.ts';
import { TARGET_STORAGE, type WalgCommand, type WalgGiven, type WalgSession } from '../walg-command.ts';
import { restoreConcurrency } from '../../../app/restore-concurrency.ts';

async function selectedBackup(
  store: ObjectStore,
  { operands, values }: WalgGiven,
  { settings, signal }: WalgSession,
): Promise<Backup> {
  const name = operands[1];
  const userData = values.get('target-user-data') ?? settings.environment['WALG_FETCH_TARGET_USER_DATA'];
  const byUserData = userData === undefined || userData === '' ? undefined : userData;
  if ((name === undefined) === (byUserData === undefined)) {
    throw new Failure('usage', {
      message: name === undefined ? 'insufficient arguments' : 'both a name and user data select the backup',
      remedy: "Give the backup's name or LATEST, or --target-user-data.",
    });
  }
  const found = name ?? (await findByUserData(store, parseUserData(byUserData ?? ''), signal));
  return findBackup(store, found, signal);
}

async function readSpec(path: string): Promise<readonly Tablespace[]> {
  const bytes = await readFile(path).catch((error: unknown) => {
    throw new Failure('usage', {
      message: `cannot read ${path}: ${messageOf(error)}`,
      remedy: 'Correct --restore-spec.',
    });
  });
  return parseTablespaceSpec(new JsonFields(parseJson64(bytes, path), path)).tablespaces;
}

async function locationsFor(backup: Backup, specPath: string | undefined): Promise<Map<number, string>> {
  const inSpec = specPath === undefined ? [] : await readSpec(specPath);
  return new Map([...backup.tablespaces, ...inSpec].map(({ oid, location }) => [oid, location]));
}

async function partFilter(
  store: ObjectStore,
  backup: Backup,
  wishes: readonly string[],
): Promise<(name: string) => boolean> {
  const key = filesMetadataKey(backup.name);
  const bytes = await store.get(key);
  return restoreOnly(
    bytes === undefined ? undefined : parseFilesMetadata(bytes, key, LIST_LIMITS).databasesByNames,
    key,
    wishes,
  );
}

/** An empty one is none, as for WAL-G: a script's variable that is not set. */
function valueOf(values: ReadonlyMap<string, string>, flag: string): string | undefined {
  const value = values.get(flag);
  return value === '' ? undefined : value;
}

/** The files that `--mask` and `--restore-only` leave; `undefined` for all. */
async function wantedFiles(
  store: ObjectStore,
  backup: Backup,
  values: ReadonlyMap<string, string>,
): Promise<((name: string) => boolean) | undefined> {
  const mask = valueOf(values, 'mask')?.replace(/^\//, '');
  const only = values.get('restore-only');
  const inMask = mask === undefined ? undefined : (name: string) => matchesGlob(name, mask);
  const inParts = only === undefined ? undefined : await partFilter(store, backup, only.split(','));
  if (inMask === undefined || inParts === undefined) return inMask ?? inParts;
  return (name) => inMask(name) && inParts(name);
}

function whyLeftOut(name: string): string {
  return isForeignInTablespace(name) ? 'it is in the folder of a tablespace, and not the server’s' : 'it is a link';
}

/** The command. */
export const backupFetch: WalgCommand = {
  words: 'backup-fetch',
  summary: 'Fetches a backup from storage',
  usage: 'destination_directory [backup_name | --target-user-data <data>]',
  flags: {
    mask: { takes: 'string', summary: 'Fetches only files whose path below the destination matches a shell pattern' },
    'restore-only': {
      takes: 'strings',
      summary:
        "Fetches only these databases or tables beside the system's: database, database/namespace.table, separated by commas",
    },
    'restore-spec': { takes: 'string', summary: 'Path to file containing tablespace restore specification' },
    'reverse-unpack': {
      summary: 'Accepted, without effect',
      withoutEffect: 'each file is written once whole and its increments on it; the order cannot be chosen',
    },
    'skip-redundant-tars': {
      summary: 'Accepted, without effect',
      withoutEffect: 'parts that hold nothing which is needed are never read',
    },
    'target-storage': TARGET_STORAGE,
    'target-user-data': { takes: 'string', summary: 'Fetch storage backup which has the specified user data' },
  },
  operands: [1, 2],
  listener: 'operator',
  run: async (given, session) => {
    const { values, operands } = given;
    const { settings, signal, log } = session;
    await using archive = await openArchive(settings, readStorage(values, settings.environment));
    const backup = await selectedBackup(archive.store, given, session);
    log.info(`Selecting the backup with name ${backup.name}...`);
    const isWanted = await wantedFiles(archive.store, backup, values);
    const report = await restoreBackup({
      store: archive.store,
      backup,
      destination: resolve(operands[0] ?? ''),
      tablespaceLocations: await locationsFor(backup, valueOf(values, 'restore-spec')),
      concurrency: restoreConcurrency(settings),
      limiter: networkLimiter(settings),
      onProgress: progressLog(log),
      ...(isWanted === undefined ? {} : { isWanted }),
      signal,
    });
    for (const name of report.skipped) log.warning(`left out, because ${whyLeftOut(name)}: ${name}`);
    const damage = damageText([...report.damagedFiles, ...report.recordedDamage]);
    if (damage !== undefined) log.warning(`pages do not carry their checksum: ${damage}`);
    log.info(`${report.files} files, ${report.sizeBytes} bytes`);
    log.info('Backup extraction complete.');
    return 0;
  },
};
