/**
 * The ways in which a store fails an agent that writes to it: refused, cut, slow, busy, lying.
 *
 * @module
 */

import { s3Error, type Fault, type FaultProxy, type ProxiedRequest } from '../../../tests/support/fault-proxy.ts';

/** One way to fail. */
export interface StoreFault {
  readonly name: string;
  /** All requests, if not given. */
  readonly when?: (request: ProxiedRequest) => boolean;
  readonly fault: Fault;
}

const isRead = ({ method }: ProxiedRequest): boolean => method === 'GET';
const isWrite = ({ method }: ProxiedRequest): boolean => method === 'PUT';
const isOf = (folder: string) => (request: ProxiedRequest) => isWrite(request) && request.path.includes(folder);
const confirmed: Fault = { kind: 'answer', status: 200, headers: { etag: '"0123456789abcdef0123456789abcdef"' } };

/** All of them. */
export const STORE_FAULTS: readonly StoreFault[] = [
  { name: 'connections refused', fault: { kind: 'reset' } },
  { name: 'uploads refused', when: isWrite, fault: { kind: 'reset' } },
  { name: 'answers lost', fault: { kind: 'loseAnswer' } },
  { name: 'answers to uploads lost', when: isWrite, fault: { kind: 'loseAnswer' } },
  { name: 'answers cut', when: isRead, fault: { kind: 'cut', afterBytes: 20 } },
  { name: 'no answer', fault: { kind: 'stall' } },
  { name: 'answers late', fault: { kind: 'delay', byMs: 700 } },
  { name: 'answers that drip', when: isRead, fault: { kind: 'drip', bytes: 40, everyMs: 30 } },
  { name: 'busy', fault: s3Error(503, 'SlowDown') },
  { name: 'busy for a second', fault: s3Error(503, 'SlowDown', { 'retry-after': '1' }) },
  { name: 'too many requests', fault: s3Error(429, 'TooManyRequests') },
  { name: 'internal error', fault: s3Error(500, 'InternalError') },
  { name: 'access denied', fault: s3Error(403, 'AccessDenied') },
  { name: 'WAL confirmed and not stored', when: isOf('/wal_005/'), fault: confirmed },
  { name: 'parts of backups confirmed and not stored', when: isOf('/tar_partitions/'), fault: confirmed },
];

/** A fault that waits to be met. */
export interface PendingFault {
  /** True once a request has met it. */
  readonly isMet: () => boolean;
}

/** Lets the next requests that fit fail, so many of them. */
export function inject(proxy: FaultProxy, { when = () => true, fault }: StoreFault, times: number): PendingFault {
  let met = 0;
  const fits = (request: ProxiedRequest): boolean => {
    if (!when(request)) return false;
    met += 1;
    return true;
  };
  proxy.inject({ when: fits, times, fault });
  return { isMet: () => met > 0 };
}
