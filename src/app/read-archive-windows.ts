/**
 * What an archive can take a cluster back to: its backups, timelines, windows and holes, and what is not in it yet.
 *
 * @module
 */

import { readReadyFiles } from '../archive/ready-files.ts';
import type { Backup } from '../backup/backup.ts';
import { restorableBackups } from '../backup/delta-line.ts';
import { readBackupListing, type BrokenBackup } from '../backup/list.ts';
import type { Settings } from '../config/load-settings.ts';
import { listArchivedWal } from '../history/archived-wal.ts';
import { IgnoredIndexes } from '../history/ignored-indexes.ts';
import { readTimelines } from '../history/timelines.ts';
import { readWindows, type TimelineWindows } from '../history/window.ts';
import { walFileKind } from '../walg/object-names.ts';
import type { Archive } from './open-archive.ts';
import { readUnarchived, type UnarchivedCommits } from './read-unarchived.ts';

/** All of it. */
export interface ArchiveWindows {
  readonly clusterName: string;
  readonly address: string;
  readonly systemIdentifier: bigint;
  readonly backups: readonly Backup[];
  /** Backups whose sentinel cannot be read. */
  readonly broken: readonly BrokenBackup[];
  /** Newest timeline first. */
  readonly timelines: readonly TimelineWindows<Backup>[];
  /** Timelines that have WAL and no history file: nobody can tell where they belong. */
  readonly unknownTimelines: readonly number[];
  /** Index objects of no use that were met. */
  readonly ignoredIndexes?: IgnoredIndexes;
  /** Segments that the server wants archived and the archive does not have; `undefined` if its data directory is not set. */
  readonly waitingSegments: number | undefined;
  /** What the server has committed behind that; `undefined` if there is nothing, or its data directory is not set. */
  readonly unarchived?: UnarchivedCommits | undefined;
}

async function waitingSegments(settings: Settings): Promise<number | undefined> {
  const dataDirectory = settings.get('dataDirectory');
  if (dataDirectory === undefined) return undefined;
  return (await readReadyFiles(dataDirectory)).filter((name) => walFileKind(name) === 'segment').length;
}

/** Reads it. @throws {Failure} `notInArchive` if the archive holds no WAL, and what the store throws. */
export async function readArchiveWindows(
  settings: Settings,
  archive: Archive,
  signal?: AbortSignal,
): Promise<ArchiveWindows> {
  const { store } = archive;
  const options = signal === undefined ? {} : { signal };
  const [wal, listing] = await Promise.all([listArchivedWal(store, options), readBackupListing(store, signal)]);
  const timelines = await readTimelines(store, wal, options);
  const lineOf = (timeline: number) => (timelines.isKnown(timeline) ? timelines.lineOf(timeline) : undefined);
  const backups = restorableBackups(listing.backups, lineOf);
  const ignoredIndexes = new IgnoredIndexes();
  const { onIgnoredIndex } = ignoredIndexes;
  const windows = await readWindows({ store, wal, timelines, backups, onIgnoredIndex, ...options });
  return {
    clusterName: archive.clusterName,
    address: store.address,
    systemIdentifier: wal.systemIdentifier,
    ...listing,
    timelines: windows,
    unknownTimelines: timelines.all.filter((timeline) => !timelines.isKnown(timeline)),
    ignoredIndexes,
    waitingSegments: await waitingSegments(settings),
    unarchived: await readUnarchived(settings, { wal, timelines }, signal),
  };
}
