/**
 * What this program keeps about an archive, as far as it goes with what it tells of.
 *
 * @module
 */

import { listCatalogSnapshots, type SnapshotPlace } from '../archive/catalog-snapshots.ts';
import { OWN_FOLDER } from '../backup/own-objects.ts';
import type { CallOptions, ObjectStore } from '../storage/object-store.ts';
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
  /** Backups that were found damaged, and what was found. */
  readonly damagedBackups: ReadonlyMap<string, string>;
}

/** Lists it. */
export async function listOwnObjects(store: ObjectStore, options: CallOptions = {}): Promise<OwnObjects> {
  const [indexes, parts, names] = await Promise.all([
    store.listFolder(INDEX_FOLDER, options),
    store.listFolder(PART_INDEXES_FOLDER, options),
    listCatalogSnapshots(store, options),
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
    damagedBackups: new Map(),
  };
}
