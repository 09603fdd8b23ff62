import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { NeededWal, type WalSpan } from './needed-wal.ts';

const index = fc.bigInt({ min: 0n, max: 30n });
const span: fc.Arbitrary<WalSpan> = fc
  .tuple(fc.integer({ min: 1, max: 2 }), index, fc.option(fc.bigInt({ min: 0n, max: 6n }), { nil: undefined }))
  .map(([timeline, firstIndex, more]) => ({
    timeline,
    firstIndex,
    lastIndex: more === undefined ? undefined : firstIndex + more,
  }));

const isIn = (spans: readonly WalSpan[], timeline: number, at: bigint): boolean =>
  spans.some((one) => one.timeline === timeline && one.firstIndex <= at && (one.lastIndex ?? at) >= at);
const ALL = Array.from({ length: 40 }, (_, at) => BigInt(at));

describe('segments that are needed', () => {
  it('are those in any of the spans', () => {
    fc.assert(
      fc.property(fc.array(span, { maxLength: 6 }), (spans) => {
        const needed = new NeededWal(spans);
        for (const timeline of [1, 2, 3]) {
          for (const at of ALL) expect(needed.needs(timeline, at)).toBe(isIn(spans, timeline, at));
        }
      }),
    );
  });

  it('and those that are not make up the rest of each range', () => {
    fc.assert(
      fc.property(fc.array(span, { maxLength: 6 }), index, fc.bigInt({ min: 0n, max: 9n }), (spans, first, more) => {
        const range = { firstIndex: first, lastIndex: first + more };
        const rest = new NeededWal(spans).notNeededOf(1, [range]);
        const isInRest = (at: bigint): boolean => rest.some((one) => one.firstIndex <= at && at <= one.lastIndex);
        for (const at of ALL) {
          const isInRange = range.firstIndex <= at && at <= range.lastIndex;
          expect(isInRest(at)).toBe(isInRange && !isIn(spans, 1, at));
        }
      }),
    );
  });
});
