/**
 * Looks at an archive before it is decided what may go.
 *
 * The order of looking matters, since the archive is in use. Our own objects are listed first, so that what they belong to
 * is in a later listing; sentinels before WAL, so that the WAL of every backup that is listed is seen.
 *
 * @module
 */

import { refuseMixedClusters } from '../backup/delete-plan.ts';
import { chainOf, withWholeChain } from '../backup/delta-chain.ts';
import { readBackupListing } from '../backup/list.ts';
import { listUnfinished, type UnfinishedBackups } from '../backup/list-unfinished.ts';
import { segmentSizeOfBackups } from '../backup/segment-size-of-backups.ts';
import type { Backup } from '../backup/backup.ts';
import { readWalFile } from '../archive/read-wal-file.ts';
import { Failure } from '../base/failure.ts';
import { formatHistoryName, parseTimelineHistory, type TimelineHistory } from '../postgres/timeline-history.ts';
import type { CallOptions, ObjectStore } from '../storage/object-store.ts';
import { listWalForPrune, type ListedWal } from './list-wal.ts';
import { listOwnObjects, type OwnObjects } from './own-objects.ts';
import type { InUse, PruneFacts, TimelineFacts } from './prune-facts.ts';

/** An archive that was looked at. */
export interface GatheredFacts {
  readonly facts: PruneFacts;
  readonly unfinished: UnfinishedBackups;
  readonly own: OwnObjects;
  /** When the newest object of WAL was written that was seen; what is newer was not decided about. */
  readonly newestWalAt: Date;
}

/** What is known from elsewhere. */
export interface GatherOptions extends CallOptions {
  readonly nowMs: number;
  readonly inUse: InUse;
}

/** Looks. @throws {Failure} `refused` if it cannot be told what is needed. */
export async function gatherPruneFacts(store: ObjectStore, options: GatherOptions): Promise<GatheredFacts> {
  const { nowMs, inUse } = options;
  const own = await listOwnObjects(store, options);
  const { backups, broken } = await readBackupListing(store, options.signal);
  const [damaged] = broken;
  if (damaged !== undefined) {
    throw new Failure('refused', {
      message: `cannot tell what is needed: ${damaged.failure.message}`,
      remedy: `If that backup is of no use, delete it by its name first: walkback backup delete ${damaged.name}`,
    });
  }
  refuseMixedClusters(backups);
  const unfinished = await listUnfinished(store, new Set(backups.map(({ name }) => name)), nowMs, options);
  const wal = await listWalForPrune(store, options);
  refuseWalOfOther(backups, wal);
  refuseUnknownChains(backups, wal);
  const timelines = await timelinesOf(store, backups, wal, options);
  const facts: PruneFacts = {
    backups,
    timelines,
    segmentSizeBytes: wal.head?.segmentSizeBytes ?? segmentSizeOfBackups(backups),
    unfinished: unfinished.unfinished,
    inUse,
    damaged: own.damagedBackups,
    nowMs,
  };
  return { facts, unfinished, own, newestWalAt: wal.newestAt };
}

function refuseWalOfOther(backups: readonly Backup[], { head }: ListedWal): void {
  const other = backups.find(
    ({ systemIdentifier }) => systemIdentifier !== undefined && systemIdentifier !== head?.systemIdentifier,
  );
  if (head === undefined || other === undefined) return;
  throw new Failure('refused', {
    message: `cannot tell which WAL is needed: ${other.name} is of the system ${other.systemIdentifier}, and the WAL of ${head.systemIdentifier}`,
    remedy: 'Give each cluster an archive of its own. Until then, delete by hand what is of the other one.',
  });
}

/** Whether a delta that builds on another timeline's backups can be restored, the history file alone tells. */
function refuseUnknownChains(backups: readonly Backup[], { historyTimelines }: ListedWal): void {
  const unknown = withWholeChain(backups).find(
    (backup) =>
      !historyTimelines.includes(backup.timeline) &&
      chainOf(backup, backups).some(({ timeline }) => timeline !== backup.timeline),
  );
  if (unknown === undefined) return;
  const name = formatHistoryName(unknown.timeline);
  throw new Failure('refused', {
    message: `cannot tell what is needed: ${unknown.name} builds on another timeline, and ${name}, which leads there, is not in the archive`,
    remedy: `Push ${name} from pg_wal of a server on that timeline. If there is none, the backup is of no use: walkback backup delete ${unknown.name}`,
  });
}

async function timelinesOf(
  store: ObjectStore,
  backups: readonly Backup[],
  wal: ListedWal,
  options: CallOptions,
): Promise<TimelineFacts[]> {
  const all = new Set([...wal.newestMs.keys(), ...backups.map(({ timeline }) => timeline)]);
  const lines = new Map<number, TimelineHistory>();
  for (const timeline of wal.historyTimelines) lines.set(timeline, await readLine(store, timeline, options));
  return [...all]
    .toSorted((a, b) => a - b)
    .map((timeline) => ({
      timeline,
      line: lines.get(timeline) ?? { timeline, ancestors: toldByOthers(timeline, [...lines.values()]) },
      segments: wal.segments.get(timeline) ?? [],
      newestMs: wal.newestMs.get(timeline) ?? 0,
    }));
}

/** What led to a timeline without a history file: that of a timeline that came of it tells the same. */
function toldByOthers(timeline: number, lines: readonly TimelineHistory[]): TimelineHistory['ancestors'] {
  for (const { ancestors } of lines) {
    const at = ancestors.findIndex((one) => one.timeline === timeline);
    if (at > 0) return ancestors.slice(0, at);
  }
  return [];
}

async function readLine(store: ObjectStore, timeline: number, { signal }: CallOptions): Promise<TimelineHistory> {
  const name = formatHistoryName(timeline);
  const file = await readWalFile(store, name, signal === undefined ? {} : { signal });
  if (file !== undefined) return parseTimelineHistory(timeline, file.bytes.toString('utf8'));
  throw new Failure('conflict', {
    message: `cannot tell which WAL is needed: ${name} has just been deleted from ${store.address}`,
    remedy: 'Find out what else deletes from this archive, then try again.',
  });
}
