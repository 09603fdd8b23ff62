/**
 * Whether what a clone has made is the target: judged from the history file of its timeline, which PostgreSQL itself has
 * written, and from the server's log where there is one. Pure.
 *
 * Source: PostgreSQL `src/backend/access/transam/xlogrecovery.c` (`getRecoveryStopReason`): `before 2026-06-05 15:02:11.62+00`,
 * `no recovery target specified`. Our image stops at a position: `before LSN 0/5100000`.
 *
 * @module
 */

import { parseInstant } from '../../../base/local-time.ts';
import { parseLsn } from '../../../postgres/lsn.ts';
import type { TimelineHistory } from '../../../postgres/timeline-history.ts';
import { formatTimeUs } from '../../../postgres/timestamp.ts';
import type { PlannedTarget } from '../../../recovery/plan-value.ts';
import type { PlannedClone } from '../plan-value.ts';

const TIME = /(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?[+-]\d\d(?::?\d\d)?)/;

function instantIn(text: string): bigint | undefined {
  const found = TIME.exec(text)?.[1];
  return found === undefined ? undefined : parseInstant(found, { zone: undefined, flag: 'the history file' });
}

function whyReason(reason: string, clone: PlannedClone): string | undefined {
  const lsn = /^before LSN (\S+)$/.exec(reason)?.[1];
  if (lsn !== undefined)
    return lsn === clone.stopLsn ? undefined : `it stopped before LSN ${lsn}, not ${clone.stopLsn}`;
  const stoppedUs = reason.startsWith('before ') ? instantIn(reason) : undefined;
  if (stoppedUs === undefined) return `its history says ${JSON.stringify(reason)}: the target was not what ended it`;
  return stoppedUs > BigInt(clone.targetTimeUs)
    ? undefined
    : `it stopped before ${formatTimeUs(stoppedUs)}, which is not behind the target`;
}

/** Why it is not the target; `undefined`: it is. */
export function whyNotTarget(
  history: TimelineHistory,
  clone: PlannedClone,
  target: Pick<PlannedTarget, 'timeline' | 'lastKept'>,
): string | undefined {
  const last = history.ancestors.at(-1);
  if (last === undefined) return `timeline ${history.timeline} has no history: it was not recovered`;
  if (last.timeline !== target.timeline)
    return `it branches off timeline ${last.timeline}, and the target is on timeline ${target.timeline}`;
  const reason = whyReason(last.reason, clone);
  if (reason !== undefined) return reason;
  const [stop, kept] = [parseLsn(clone.stopLsn), parseLsn(target.lastKept?.lsn ?? '')];
  if (stop !== undefined && last.switchLsn > stop) return 'it goes on behind the target';
  return kept !== undefined && last.switchLsn <= kept
    ? 'it ends before the last transaction that was to stay'
    : undefined;
}

/** What the server's own log says against it; `undefined`: nothing. */
export function whyLogDiffers(log: string, clone: PlannedClone): string | undefined {
  const lines = log.split('\n');
  const told = lines.findLast((line) => line.includes('starting point-in-time recovery to'));
  const toldUs = told === undefined ? undefined : instantIn(told);
  if (toldUs !== undefined && toldUs !== BigInt(clone.targetTimeUs))
    return `the server was told to recover to ${formatTimeUs(toldUs)}, not to ${formatTimeUs(BigInt(clone.targetTimeUs))}`;
  const isShort = lines.some((line) => line.includes('recovery ended before configured recovery target was reached'));
  return isShort ? 'the server says that its recovery ended before the target' : undefined;
}
