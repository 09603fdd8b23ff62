/**
 * Progress of long work as log lines, at most one in ten seconds.
 *
 * @module
 */

import type { OnProgress } from '../../base/progress.ts';
import type { WalgLog } from './walg-log.ts';

const PAUSE_MS = 10_000;

/** A listener that writes to `log`. */
export function progressLog(log: WalgLog, nowMs: () => number = () => performance.now()): OnProgress {
  let next = nowMs() + PAUSE_MS;
  return ({ phase, done, total, unit }) => {
    if (nowMs() < next) return;
    next = nowMs() + PAUSE_MS;
    log.info(`${phase}: ${done}${total === undefined ? '' : ` of ${total}`} ${unit}`);
  };
}
