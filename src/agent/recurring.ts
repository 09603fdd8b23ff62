/**
 * Work that comes again, until it is told to stop: after a success at its pace, after a failure sooner at first, then later
 * and later. A failure is reported and ends nothing.
 *
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises';

import { isFailure, messageOf } from '../base/failure.ts';
import type { Duty, ReportDutyEvent } from './duty-event.ts';

/** What comes again. */
export interface RecurringWork {
  readonly duty: Duty;
  /** Between the end of one and the next. */
  readonly pauseMs: () => number;
  /** The longest pause behind failures; a quarter of an hour unless told. */
  readonly lastRetryMs?: number;
  readonly work: () => Promise<void>;
  readonly report: ReportDutyEvent;
  readonly signal: AbortSignal;
}

const FIRST_RETRY_MS = 5000;
const LAST_RETRY_MS = 15 * 60_000;

/** How long to wait behind a row of failures. */
export function retryMs(failures: number, pauseMs: number, lastRetryMs = LAST_RETRY_MS): number {
  const grownMs = FIRST_RETRY_MS * 2 ** Math.min(failures - 1, 16);
  return Math.min(grownMs, Math.max(pauseMs, lastRetryMs));
}

/** One line for a person. */
export function failureLine(error: unknown): string {
  return (isFailure(error) ? `${error.message}. ${error.remedy}` : messageOf(error)).replaceAll(/\s*\n\s*/g, ' ');
}

/** Works until the signal. Throws nothing. */
export async function recurring({ duty, pauseMs, lastRetryMs, work, report, signal }: RecurringWork): Promise<void> {
  let failures = 0;
  while (!signal.aborted) {
    try {
      await work();
      if (failures > 0) report({ kind: 'dutyRecovered', duty });
      failures = 0;
    } catch (error) {
      failures += 1;
      if (!signal.aborted) report({ kind: 'dutyFailed', duty, message: failureLine(error) });
    }
    const waitMs = failures === 0 ? pauseMs() : retryMs(failures, pauseMs(), lastRetryMs);
    await sleep(waitMs, undefined, { signal }).catch(() => {});
  }
}
