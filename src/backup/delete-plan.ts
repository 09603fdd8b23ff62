/**
 * What deleting backups would delete: a plan, before anything is touched.
 *
 * A backup goes with its sentinel first, so that one that is half deleted does not exist any more. WAL goes only with
 * `before`, and only what nothing that stays can need: segments before the start of every backup that stays, on
 * all timelines, with one segment more kept for backups that start on a boundary. History files always stay, and so does
 * all WAL when no backup stays. Kept backups hold the WAL between their start and end. A backup that is being taken holds what
 * it builds on, and all WAL from its start.
 *
 * Source: WAL-G `internal/databases/postgres/delete_handler.go`, whose `delete target` takes permanent backups too; here
 * that is refused.
 *
 * @module
 */

import { Failure } from '../base/failure.ts';
import { lsn } from '../postgres/lsn.ts';
import { formatSegmentName, segmentAt, type WalSegmentSizeBytes } from '../postgres/wal-segment.ts';
import { parseBackupName } from '../walg/backup-names.ts';
import type { Backup } from './backup.ts';
import { parentsOfUnfinished, withDescendants, withParents } from './chain-members.ts';

/** What is asked for. */
export type DeleteRequest =
  | { readonly kind: 'one'; readonly name: string }
  /** All backups older than this one, and the WAL that only they needed. */
  | { readonly kind: 'before'; readonly name: string };

/** What will go, and what will stay. */
export interface DeletePlan {
  readonly backups: readonly Backup[];
  /** The name of the one asked for, if its sentinel cannot be read. */
  readonly broken?: string;
  /** Asked for, and kept because they are permanent or a kept backup builds on them. */
  readonly kept: readonly Backup[];
  /** WAL segments that go, or `undefined` if none are asked for. */
  readonly wal: WalToDelete | undefined;
}

/** Which segments may go: those before `firstKept` that lie in no span. Compared without their timeline. */
export interface WalToDelete {
  /** The last 16 digits of a segment's name. */
  readonly firstKept: string;
  readonly keptSpans: readonly { readonly first: string; readonly last: string }[];
}

/**
 * Plans.
 *
 * @param running the names of backups that may be being taken.
 * @throws {Failure} `notInArchive` for an unknown name, `refused` for one that must stay.
 */
export function planDelete(
  backups: readonly Backup[],
  request: DeleteRequest,
  segmentSizeBytes: WalSegmentSizeBytes,
  running: readonly string[] = [],
): DeletePlan {
  const named = backups.find((backup) => backup.name === request.name);
  if (named === undefined) {
    throw new Failure('notInArchive', {
      message: `no backup ${JSON.stringify(request.name)} in the archive`,
      remedy: 'List what there is: walkback backup list',
    });
  }
  return request.kind === 'one'
    ? planOne(backups, named, running)
    : planBefore(backups, named, segmentSizeBytes, running);
}

/** Plans the deletion of a backup whose sentinel cannot be read, which no use can be made of. WAL stays. */
export function planDeleteBroken(
  backups: readonly Backup[],
  name: string,
  running: readonly string[] = [],
): DeletePlan {
  return { ...planWithDescendants(backups, name, running), broken: name };
}

function planOne(backups: readonly Backup[], backup: Backup, running: readonly string[]): DeletePlan {
  if (backup.isPermanent) {
    throw new Failure('refused', {
      message: `cannot delete ${backup.name}: it is kept`,
      remedy: `Let it go first: walkback backup keep ${backup.name} --undo`,
    });
  }
  return planWithDescendants(backups, backup.name, running);
}

function planWithDescendants(backups: readonly Backup[], name: string, running: readonly string[]): DeletePlan {
  const gone = withDescendants(backups, new Set([name]));
  const goneLinks = [...gone].map((one) => ({ name: one }));
  const child = running.find((one) => parentsOfUnfinished(goneLinks, one).length > 0);
  if (child !== undefined) {
    throw new Failure('refused', {
      message: `cannot delete ${name}: ${child}, which is being taken, builds on it`,
      remedy: 'Wait until it has ended. One of another program that was killed counts as running for a day.',
    });
  }
  const kept = backups.find((one) => gone.has(one.name) && one.isPermanent);
  if (kept !== undefined) {
    throw new Failure('refused', {
      message: `cannot delete ${name}: ${kept.name}, which is kept, builds on it`,
      remedy: `Let it go first: walkback backup keep ${kept.name} --undo`,
    });
  }
  return { backups: backups.filter((one) => gone.has(one.name)), kept: [], wal: undefined };
}

function planBefore(
  backups: readonly Backup[],
  limit: Backup,
  segmentSizeBytes: WalSegmentSizeBytes,
  running: readonly string[],
): DeletePlan {
  refuseMixedClusters(backups);
  const older = backups.filter(
    (backup) => backup.startLsn < limit.startLsn && backup.finishedAt.getTime() <= limit.startedAt.getTime(),
  );
  const firstNeeded = backups.reduce(
    (first, backup) => (!older.includes(backup) && backup.startLsn < first ? backup.startLsn : first),
    limit.startLsn,
  );
  const staying = backups.filter((backup) => backup.isPermanent || !older.includes(backup));
  const needed = withParents(
    backups,
    [...staying, ...running.flatMap((one) => parentsOfUnfinished(backups, one))].map(({ name }) => name),
  );
  const gone = older.filter((backup) => !needed.has(backup.name));
  const kept = older.filter((backup) => needed.has(backup.name));
  const position = (place: bigint): string =>
    formatSegmentName(segmentAt(1, lsn(place), segmentSizeBytes), segmentSizeBytes).slice(8);
  const oneBefore = (place: bigint): bigint =>
    place < BigInt(segmentSizeBytes) ? 0n : place - BigInt(segmentSizeBytes);
  return {
    backups: gone,
    kept,
    wal: {
      firstKept: [position(oneBefore(firstNeeded)), ...running.map(positionOfName)].reduce((a, b) => (a < b ? a : b)),
      keptSpans: kept.map(({ startLsn, finishLsn }) => ({
        first: position(oneBefore(startLsn)),
        last: position(finishLsn),
      })),
    },
  };
}

/** The last 16 digits of the segment that a backup begins in. */
function positionOfName(name: string): string {
  return parseBackupName(name)?.segmentName.slice(8) ?? '';
}

/** Positions of two clusters cannot be compared: WAL of the younger one would be taken for old. */
export function refuseMixedClusters(backups: readonly Backup[]): void {
  const identifiers = new Set(backups.flatMap(({ systemIdentifier }) => systemIdentifier ?? []));
  if (identifiers.size <= 1) return;
  throw new Failure('refused', {
    message: 'cannot tell which WAL is still needed: the archive holds backups of different clusters',
    remedy: 'Delete the backups of the old cluster one by one, by name.',
    facts: [...identifiers].map((identifier) => `system identifier ${identifier}`),
  });
}

/** True if a segment of this name may go. */
export function mayDeleteSegment(segmentName: string, wal: WalToDelete): boolean {
  const position = segmentName.slice(8, 24);
  if (position >= wal.firstKept) return false;
  return !wal.keptSpans.some(({ first, last }) => first <= position && position <= last);
}
