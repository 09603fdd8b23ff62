import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { isFailure } from '../base/failure.ts';
import { crc32c } from '../postgres/crc32c.ts';
import { decodeSegmentIndex, decodeSegmentIndexSummary, summaryEndByte } from './decode.ts';
import { encodeSegmentIndex } from './encode.ts';
import { INDEX_HEAD_BYTES } from './index-object.ts';
import { summaryOf } from './index-summary.ts';
import { arbitraryIndex } from './testing/arbitrary-index.ts';

const OBJECT = 'walkback_001/history/00000001/0000002B-00000001';

function failureOf(work: () => unknown): string | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    if (!isFailure(error, 'corrupt')) throw error;
    return error.message;
  }
}

describe('the object of an index', () => {
  it('is read as what was written', () => {
    fc.assert(
      fc.property(arbitraryIndex, (index) => {
        expect(decodeSegmentIndex(encodeSegmentIndex(index), OBJECT)).toStrictEqual(index);
      }),
      { numRuns: 200 },
    );
  });

  it('gives its summary from its first bytes', () => {
    fc.assert(
      fc.property(arbitraryIndex, (index) => {
        const object = encodeSegmentIndex(index, 4711);
        const start = object.subarray(0, summaryEndByte(object, OBJECT));
        expect(decodeSegmentIndexSummary(start, OBJECT)).toStrictEqual(summaryOf(index, 4711));
      }),
      { numRuns: 50 },
    );
  });

  it('is refused by its name with any bit changed, or cut anywhere', () => {
    fc.assert(
      fc.property(arbitraryIndex, fc.nat(), fc.nat(7), (index, place, bit) => {
        const object = encodeSegmentIndex(index);
        const at = place % object.length;
        const cut = object.subarray(0, at);
        object[at] = (object[at] ?? 0) ^ (1 << bit);
        // Bytes 6 and 7 are inside the head's checksum, as all of the head is.
        expect(failureOf(() => decodeSegmentIndex(object, OBJECT))).toContain(OBJECT);
        expect(failureOf(() => decodeSegmentIndex(Buffer.from(cut), OBJECT))).toContain(OBJECT);
      }),
      { numRuns: 200 },
    );
  });

  it('is refused where its summary lies under a right checksum', () => {
    fc.assert(
      fc.property(
        arbitraryIndex,
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        (index, changes) => {
          const object = encodeSegmentIndex(index);
          const end = summaryEndByte(object, OBJECT);
          for (const [place, value] of changes) object[INDEX_HEAD_BYTES + (place % (end - INDEX_HEAD_BYTES))] = value;
          object.writeUInt32LE(crc32c(object, INDEX_HEAD_BYTES, end), 24);
          object.writeUInt32LE(crc32c(object, 0, 36), 36);
          // Either it is refused, or it says something else that can be: it never fails otherwise.
          failureOf(() => decodeSegmentIndexSummary(object, OBJECT));
        },
      ),
      { numRuns: 300 },
    );
  });
});
