/**
 * What `walkback status --json` gives monitoring to draw and to alert on: numbers beside the words of the findings.
 *
 * @module
 */

import type { Protection } from '../../app/read-protection.ts';
import type { ArchiveWindows } from '../../app/read-archive-windows.ts';
import { isFailure } from '../../base/failure.ts';
import { isUnderWay } from '../../recovery/status.ts';
import { isAgentAlive, isArchiveOf } from './status-findings.ts';
import { wholeReach } from './timeline-bar.ts';

/**
 * All numbers, by the topic of the finding they belong to; `null` where nobody could look, or where there is nothing to
 * count from. Ages are seconds until now, with fractions.
 */
export interface ProtectionNumbers {
  readonly archiver: {
    /** How long the oldest file that is not archived has been ready; 0 when none waits. */
    readonly lagSeconds: number | null;
    readonly lagSegments: number | null;
  };
  readonly reach: { readonly newestAgeSeconds: number | null; readonly oldestAgeSeconds: number | null };
  readonly backup: { readonly lastAgeSeconds: number | null; readonly count: number | null };
  readonly holes: { readonly count: number | null; readonly missingSegments: number | null };
  readonly agent: { readonly isAlive: boolean | null; readonly lastSignAgeSeconds: number | null };
  readonly disk: { readonly freeBytes: number | null; readonly totalBytes: number | null };
  readonly recovery: { readonly underWayCount: number | null; readonly keepingDataCount: number | null };
}

type AgeOf = (timeUs: bigint) => number;

const UNKNOWN_ARCHIVE: Pick<ProtectionNumbers, 'reach' | 'backup' | 'holes'> = {
  reach: { newestAgeSeconds: null, oldestAgeSeconds: null },
  backup: { lastAgeSeconds: null, count: null },
  holes: { count: null, missingSegments: null },
};

function numbersOfArchive({ timelines, backups }: ArchiveWindows, age: AgeOf): typeof UNKNOWN_ARCHIVE {
  const reach = wholeReach(timelines);
  const finishedMs = backups.map(({ finishedAt }) => finishedAt.getTime());
  const holes = timelines.flatMap((timeline) => timeline.holes);
  return {
    reach: {
      newestAgeSeconds: reach === undefined ? null : age(reach.toUs),
      oldestAgeSeconds: reach === undefined ? null : age(reach.fromUs),
    },
    backup: {
      lastAgeSeconds: finishedMs.length === 0 ? null : age(BigInt(Math.max(...finishedMs)) * 1000n),
      count: backups.length,
    },
    holes: { count: holes.length, missingSegments: holes.reduce((sum, hole) => sum + hole.segmentCount, 0) },
  };
}

function numbersOfRecoveries(recoveries: Protection['recoveries']): ProtectionNumbers['recovery'] {
  if (recoveries === undefined || isFailure(recoveries)) return { underWayCount: null, keepingDataCount: null };
  const underWayCount = recoveries.filter(({ state }) => isUnderWay(state)).length;
  return { underWayCount, keepingDataCount: recoveries.length - underWayCount };
}

/** The numbers of what was found, at a moment. */
export function protectionNumbers(found: Protection, nowUs: bigint): ProtectionNumbers {
  const { waiting, agentSeenUs: seenUs, archive, live, disk } = found;
  const age: AgeOf = (timeUs) => Number(nowUs - timeUs) / 1e6;
  // Numbers of another server's archive would say that all is well with this one.
  const isOurs = !isFailure(archive) && isArchiveOf(archive, live);
  return {
    archiver: {
      lagSeconds: waiting === undefined ? null : waiting.oldestUs === undefined ? 0 : age(waiting.oldestUs),
      lagSegments: waiting?.segmentCount ?? null,
    },
    ...(isOurs ? numbersOfArchive(archive, age) : UNKNOWN_ARCHIVE),
    agent: {
      isAlive: live === undefined ? null : seenUs !== undefined && isAgentAlive(seenUs, nowUs),
      lastSignAgeSeconds: live === undefined || seenUs === undefined ? null : age(seenUs),
    },
    // Doubles hold bytes exactly up to 8 PiB.
    disk: {
      freeBytes: disk === undefined ? null : Number(disk.freeBytes),
      totalBytes: disk === undefined ? null : Number(disk.totalBytes),
    },
    recovery: numbersOfRecoveries(found.recoveries),
  };
}
