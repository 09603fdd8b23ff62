/**
 * Kills walkback at a moment of a step, as seen from between it and the API server. What it sends after its end is lost, as what
 * a process has in its buffers.
 *
 * @module
 */

import type { ApiWatcher } from '../../../tests/support/kubernetes/api-proxy.ts';
import type { Moment } from './case.ts';
import { isChange, journalLineOf } from './journal-sight.ts';

/** A program in a pod is begun, and has some time to do something. */
const PROGRAM_MS = 150;

/** A watcher that kills once. */
export function killingWatcher(
  { step, moment }: { readonly step: string; readonly moment: Moment },
  kill: () => void,
): ApiWatcher {
  let isIn = false;
  let isKilled = false;
  const fire = (): void => {
    isKilled = true;
    kill();
  };
  return {
    before: (sight) => {
      if (isKilled) return { kind: 'reset' };
      const line = journalLineOf(sight);
      // A step that changes nothing is killed before its end is written, whatever was wanted.
      if (!isIn || line?.event !== 'done' || line.step !== step) return undefined;
      fire();
      return { kind: 'reset' };
    },
    after: (sight) => {
      if (isKilled) return 'lose';
      const line = journalLineOf(sight);
      if (line?.event === 'begin' && line.step === step) {
        isIn = true;
        if (moment !== 'begun') return undefined;
      } else if (!isIn || moment !== 'changing' || !isChange(sight)) return undefined;
      if (sight.isSocket) {
        setTimeout(fire, PROGRAM_MS);
        return undefined;
      }
      fire();
      return 'lose';
    },
  };
}

/** A watcher that kills at the n-th change, of whichever step. */
export function killingAtChange(number: number, kill: () => void): ApiWatcher {
  let made = 0;
  return {
    before: () => (made >= number ? { kind: 'reset' } : undefined),
    after: (sight) => {
      if (made >= number) return 'lose';
      if (sight.isSocket || !isChange(sight)) return undefined;
      made += 1;
      if (made < number) return undefined;
      kill();
      return 'lose';
    },
  };
}
