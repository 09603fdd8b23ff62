/**
 * The ways in which a store fails a server in the middle of its recovery.
 *
 * @module
 */

import { s3Error, type Fault, type FaultProxy, type ProxiedRequest } from '../../../tests/support/fault-proxy.ts';

/** One way to fail: what happens to a request, once the trouble has begun. */
export interface Outage {
  readonly name: string;
  /** The fault for a request; `undefined` lets it through. */
  readonly faultFor: (request: ProxiedRequest, segment: string) => Fault | undefined;
}

const isListing = ({ path }: ProxiedRequest): boolean => path.includes('list-type=2');
const EMPTY_LISTING =
  '<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><KeyCount>0</KeyCount><MaxKeys>1000</MaxKeys><IsTruncated>false</IsTruncated></ListBucketResult>';
const XML = { 'content-type': 'application/xml' };

function always(name: string, fault: Fault): Outage {
  return { name, faultFor: () => fault };
}

/** Only what is read of the segment is wrong; all else is true. */
function ofSegment(name: string, fault: Fault): Outage {
  return {
    name,
    faultFor: (request, segment) => (request.path.includes(segment) && !isListing(request) ? fault : undefined),
  };
}

/** Unreachable, slow, refusing, lying. */
export const OUTAGES: readonly Outage[] = [
  always('connections reset', { kind: 'reset' }),
  always('no answer', { kind: 'stall' }),
  always('slow answers', { kind: 'delay', byMs: 4000 }),
  always('bodies that drip', { kind: 'drip', bytes: 10, everyMs: 400 }),
  always('bodies cut', { kind: 'cut', afterBytes: 20 }),
  always('access denied', s3Error(403, 'AccessDenied')),
  always('busy', s3Error(503, 'SlowDown')),
  always('internal error', s3Error(500, 'InternalError')),
  always('bucket gone', s3Error(404, 'NoSuchBucket')),
  ofSegment('a segment called absent', s3Error(404, 'NoSuchKey')),
  ofSegment('a segment called empty', { kind: 'answer', status: 200, body: '' }),
  ofSegment('a segment shortened', { kind: 'shorten', toBytes: 60 }),
  ofSegment('a byte of a segment changed', { kind: 'alter', atByte: 70 }),
  ofSegment('another body in place of a segment', { kind: 'answer', status: 200, body: '<html>log in</html>' }),
  {
    name: 'everything called absent',
    faultFor: (request) =>
      isListing(request)
        ? { kind: 'answer', status: 200, headers: XML, body: EMPTY_LISTING }
        : s3Error(404, 'NoSuchKey'),
  },
];

/** Lets `outage` begin with the first request that names `segment`. */
export function beginAt(proxy: FaultProxy, outage: Outage, segment: string): void {
  let begun = false;
  const faultOf = (request: ProxiedRequest) => {
    begun ||= request.path.includes(segment);
    return begun ? outage.faultFor(request, segment) : undefined;
  };
  // One rule for each kind of answer: the proxy decides by rule, and an outage's answer may depend on the request.
  const probes = ['/?list-type=2', `/${segment}`].map((path) => ({ ...PROBE, path }));
  const faults = new Set(probes.map((probe) => outage.faultFor(probe, segment)));
  for (const fault of faults) {
    if (fault !== undefined) proxy.inject({ when: (request) => isSame(faultOf(request), fault), fault });
  }
}

const PROBE: ProxiedRequest = { method: 'GET', path: '/', headers: {}, fault: undefined };

function isSame(a: Fault | undefined, b: Fault): boolean {
  return a !== undefined && JSON.stringify(a) === JSON.stringify(b);
}
