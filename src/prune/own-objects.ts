/**
 * What this program keeps about an archive, as far as it goes with what it tells of.
 *
 * @module
 */

import { listCatalogSnapshots, type SnapshotPlace } from '../archive/catalog-snapshots.ts';
import { OWN_FOLDER } from '../backup/own-objects.ts';
import type { CallOptions, ObjectInfo, ObjectStore } from '../storage/object-store.ts';
import { BackupLedger } from '../verify/backup-ledger.ts';
import { VERIFIED_FOLDER, backupOfLedgerKey } from '../verify/ledger-object.ts';
import { INDEX_FOLDER } from '../wal-index/index-object.ts';
import { parseBackupName } from '../walg/backup-names.ts';

const PART_INDEXES_FOLDER = `${OWN_FOLDER}backups/`;

/** What was listed of it. */
export interface OwnObjects {
  /** Timelines of which there are indexes of segments. */
  readonly indexedTimelines: readonly number[];
  readonly names: readonly SnapshotPlace[];
  /** Backups of which there are indexes of parts. */
  readonly indexedBackups: readonly string[];
  /** What verification has written down. */
  readonly ledgers: readonly ObjectInfo[];
  /** Backups that verification has found to be of no use, and why. */
  readonly damagedBackups: ReadonlyMap<string, string>;
}

/** Lists it. */
export async function listOwnObjects(store: ObjectStore, options: CallOptions = {}): Promise<OwnObjects> {
  const [indexes, parts, names, ledgers] = await Promise.all([
    store.listFolder(INDEX_FOLDER, options),
    store.listFolder(PART_INDEXES_FOLDER, options),
    listCatalogSnapshots(store, options),
    Array.fromAsync(store.list(VERIFIED_FOLDER, options)),
  ]);
  return {
    indexedTimelines: indexes.folders.flatMap((folder) =>
      /^[0-9A-F]{8}\/$/.test(folder) ? [Number.parseInt(folder.slice(0, 8), 16)] : [],
    ),
    names,
    indexedBackups: parts.folders.flatMap((folder) => {
      const name = folder.slice(0, -1).replaceAll('-', '');
      return parseBackupName(name) === undefined ? [] : [name];
    }),
    ledgers,
    damagedBackups: await readDamaged(store, ledgers, options),
  };
}

async function readDamaged(
  store: ObjectStore,
  ledgers: readonly ObjectInfo[],
  options: CallOptions,
): Promise<ReadonlyMap<string, string>> {
  const damaged = new Map<string, string>();
  for (const { key } of ledgers) {
    const name = backupOfLedgerKey(key);
    const broken = name === undefined ? undefined : (await BackupLedger.read(store, name, options)).broken;
    if (name !== undefined && broken !== undefined) damaged.set(name, broken);
  }
  return damaged;
}
