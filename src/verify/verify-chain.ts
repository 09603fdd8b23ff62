/**
 * Verifies that the WAL of each line of history is complete where it is of use: from the first backup of the line on.
 *
 * @module
 */

import type { Backup } from '../backup/backup.ts';
import { withParents } from '../backup/chain-members.ts';
import { decodeWalObject } from '../archive/read-wal-file.ts';
import { isFailure } from '../base/failure.ts';
import type { ArchivedWal } from '../history/archived-wal.ts';
import { backupsOnLine } from '../history/find-moment.ts';
import { runsOfLine, type Gap, type Run } from '../history/line-runs.ts';
import type { Timelines } from '../history/timelines.ts';
import {
  formatHistoryName,
  parseHistoryName,
  parseTimelineHistory,
  type TimelineHistory,
} from '../postgres/timeline-history.ts';
import { formatSegmentName } from '../postgres/wal-segment.ts';
import { countOfSegments } from './count-words.ts';
import type { CallOptions, ObjectInfo, ObjectStore } from '../storage/object-store.ts';
import { walFileOf } from '../walg/object-names.ts';
import type { Finding } from './finding.ts';

/** The holes that matter, and timelines of which nobody can tell where they came from. */
export function verifyChain(wal: ArchivedWal, timelines: Timelines, backups: readonly Backup[]): Finding[] {
  const oldest = Math.min(...wal.segments.keys());
  return timelines.all.flatMap((timeline) => {
    const isKnown = timelines.isKnown(timeline);
    // What came of the oldest leads to it as well; without that, no recovery can follow it either.
    const isLedTo = isKnown || (timeline === oldest && timelines.childrenOf(timeline).length > 0);
    const line = isKnown ? timelines.lineOf(timeline) : { timeline, ancestors: [] };
    return [...(isLedTo ? [] : [noHistory(timeline)]), ...holesOf(wal, line, backups)];
  });
}

/** The holes of a timeline's own part of its line, behind the first backup that lies on it. */
function holesOf(wal: ArchivedWal, line: TimelineHistory, backups: readonly Backup[]): Finding[] {
  const forkLsn = line.ancestors.at(-1)?.switchLsn ?? 0n;
  const onLine = backupsOnLine({ line, backups });
  const [first] = onLine;
  if (first === undefined) return [];
  const { runs, holes } = runsOfLine(wal, line);
  const kept = keptForGood(onLine);
  // Each hole lies behind the run of its number.
  const left = new Set(holes.filter((_, at) => isLeftByPrune(runs[at], kept, wal.segmentSizeBytes)));
  return holes
    .filter((hole) => hole.toLsn > forkLsn && hole.toLsn > first.startLsn && !left.has(hole))
    .map((hole) => holeFinding(hole, backups));
}

/** Those that are kept for good, with what they build on, in order. */
function keptForGood(backups: readonly Backup[]): readonly Backup[] {
  const names = withParents(
    backups,
    backups.filter(({ isPermanent }) => isPermanent).map(({ name }) => name),
  );
  return backups.filter(({ name }) => names.has(name)).toSorted((a, b) => Number(a.startLsn - b.startLsn));
}

/** True if WAL is just what backups that are kept for good need to be consistent: what lay behind it, a prune has taken. */
function isLeftByPrune(run: Run | undefined, kept: readonly Backup[], segmentSizeBytes: number): boolean {
  const size = BigInt(segmentSizeBytes);
  let next: bigint = run?.fromLsn ?? 0n;
  for (const { startLsn, finishLsn } of kept) {
    const endLsn = ((finishLsn - 1n) / size + 1n) * size;
    if ((startLsn / size) * size <= next && endLsn > next) next = endLsn;
  }
  return run !== undefined && next >= run.toLsn;
}

function noHistory(timeline: number): Finding {
  const name = formatHistoryName(timeline);
  return {
    kind: 'history',
    subject: name,
    found: `WAL of timeline ${timeline} is there, and this file, which tells where it branched off, is not`,
    remedy: `Push ${name} from pg_wal of a server on that timeline. Until it is there, no recovery can follow that timeline.`,
  };
}

function holeFinding(hole: Gap, backups: readonly Backup[]): Finding {
  const names =
    hole.firstMissing === hole.lastMissing ? hole.firstMissing : `${hole.firstMissing} to ${hole.lastMissing}`;
  const isBehind = backups.some(({ startLsn }) => startLsn >= hole.toLsn);
  return {
    kind: 'hole',
    subject: names,
    found: `${countOfSegments(hole.segmentCount)} missing, and later ones are there`,
    remedy: `If pg_wal of a server still has what is missing, push it. Otherwise ${isBehind ? 'moments between it and the next backup cannot be reached.' : 'take a backup now: nothing behind it can be reached.'}`,
  };
}

/** History files that cannot be read. */
export async function verifyHistories(
  store: ObjectStore,
  objects: readonly ObjectInfo[],
  options: CallOptions = {},
): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const { key } of objects) {
    const file = walFileOf(key);
    const timeline = file === undefined ? undefined : parseHistoryName(file.fileName);
    if (file === undefined || timeline === undefined) continue;
    try {
      const stored = await store.get(key, options);
      if (stored === undefined) continue;
      const bytes = await decodeWalObject({ key, compression: file.compression }, stored);
      parseTimelineHistory(timeline, bytes.toString('utf8'));
    } catch (error) {
      if (!isFailure(error, 'corrupt')) throw error;
      findings.push({ kind: 'history', subject: key, found: error.message, remedy: error.remedy });
    }
  }
  return findings;
}

/** Backups that lack WAL between their begin and their end: they cannot become consistent. */
export function missingWalOfBackups(wal: ArchivedWal, backups: readonly Backup[]): Finding[] {
  const size = BigInt(wal.segmentSizeBytes);
  return backups.flatMap((backup): Finding[] => {
    const [first, last] = [backup.startLsn / size, (backup.finishLsn - 1n) / size];
    const own = wal.segments.get(backup.timeline) ?? [];
    if (own.some((range) => range.firstIndex <= first && range.lastIndex >= last)) return [];
    const { timeline } = backup;
    const names = [first, last].map((index) => formatSegmentName({ timeline, index }, wal.segmentSizeBytes));
    return [
      {
        kind: 'backup',
        subject: backup.name,
        found: `not all WAL from ${names[0]} to ${names[1]} is there, without which it is not consistent`,
        remedy: 'If pg_wal of a server still has what is missing, push it. Otherwise take a new backup.',
      },
    ];
  });
}
