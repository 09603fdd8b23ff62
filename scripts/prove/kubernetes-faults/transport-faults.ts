/**
 * Faults between walkback and the API server; the cluster itself is well.
 *
 * @module
 */

import type { ApiFault, ApiSight } from '../../../tests/support/kubernetes/api-proxy.ts';
import { forSomeTime, type FaultKind } from './active-fault.ts';
import { isChange, journalLineOf } from './journal-sight.ts';

const nothing = async (): Promise<void> => {};

/** The first `times` requests that fit meet it. */
function some(times: number, fits: (sight: ApiSight) => boolean, fault: ApiFault): FaultKind {
  return {
    begin: async () => {
      let left = times;
      return {
        watcher: {
          before: (sight) => {
            if (left === 0 || !fits(sight)) return undefined;
            left -= 1;
            return fault;
          },
        },
        mend: async () => void (left = 0),
      };
    },
  };
}

/** No connection is taken for so long. */
export function apiAway(ms: number): FaultKind {
  return {
    begin: async ({ scene }) => {
      // Behind the answer to the journal's line, which has been passed on by then.
      const begun = new Promise<void>((resolve) => {
        setTimeout(() => resolve(scene.proxy.refuse()), 50);
      });
      return { mend: forSomeTime(ms, () => begun.then(() => scene.proxy.listen())) };
    },
  };
}

const streams = ({ isWatch, path }: ApiSight): boolean => isWatch || /\/log\?/.test(path);
const isWrite = (sight: ApiSight): boolean => isChange(sight) && !sight.isSocket;
const isAnyChange = (sight: ApiSight): boolean => isWrite(sight) || journalLineOf(sight) !== undefined;

/** 409, as for an object that somebody changed meanwhile. */
export const CONFLICT = some(1, isWrite, { kind: 'answer', status: 409, reason: 'Conflict' });
/** What was to be watched from is too old. */
export const GONE = some(Number.POSITIVE_INFINITY, ({ isWatch }) => isWatch, {
  kind: 'answer',
  status: 410,
  reason: 'Expired',
});
/** What streams does not stream for long. */
export const CUT_STREAMS = some(Number.POSITIVE_INFINITY, streams, { kind: 'cut', afterMs: 200 });
/** The server is busy, and says when to come again. */
export const THROTTLED = some(12, () => true, {
  kind: 'answer',
  status: 429,
  reason: 'TooManyRequests',
  headers: { 'retry-after': '1' },
});
/** Changes are made, and nobody hears of it; lines of the journal too. */
export const LOST_ANSWERS = some(3, isAnyChange, { kind: 'loseAnswer' });
/** Something before the server says that it is not there. */
export const UNAVAILABLE = some(8, () => true, { kind: 'answer', status: 503, reason: 'ServiceUnavailable' });
/** Programs in pods, and forwarded ports, are cut while they are used. */
export const CUT_SOCKETS = some(4, ({ isSocket }) => isSocket, { kind: 'cut', afterMs: 200 });

/** The login is refused; somebody logs in again, at once or once walkback has ended. */
export function expiredToken(isRenewed: boolean): FaultKind {
  return {
    begin: async ({ scene }) => {
      const next = `${scene.proxy.token}-renewed`;
      scene.proxy.token = next;
      if (isRenewed) await scene.writeLogin(next);
      return { mend: isRenewed ? nothing : () => scene.writeLogin(next) };
    },
  };
}
