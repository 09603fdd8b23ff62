import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { isFailure } from '../base/failure.ts';
import { lsn } from '../postgres/lsn.ts';
import { readEvents, writeEvents } from './index-events.ts';
import { IndexReader } from './index-reader.ts';
import { readWork, writeWork } from './index-work.ts';
import { IndexWriter } from './index-writer.ts';
import { arbitraryIndex } from './testing/arbitrary-index.ts';

const OBJECT = 'walkback_001/history/00000001/0000002B-00000001';

function written(write: (out: IndexWriter) => void): IndexReader {
  const out = new IndexWriter();
  write(out);
  return new IndexReader(Buffer.from(out.written), OBJECT, 'test');
}

function refusesOrReads(read: () => unknown): void {
  try {
    read();
  } catch (error) {
    if (!isFailure(error, 'corrupt')) throw error;
    expect(error.message).toContain(OBJECT);
  }
}

describe('numbers of an index', () => {
  it('are read as they were written', () => {
    fc.assert(
      fc.property(
        fc.maxSafeNat(),
        fc.integer({ min: -(2 ** 52) + 1, max: 2 ** 52 - 1 }),
        fc.bigInt(0n, (1n << 64n) - 1n),
        fc.bigInt(-(1n << 64n), 1n << 64n),
        (unsigned, signed, big, difference) => {
          const from = written((out) => {
            out.unsigned(unsigned);
            out.signed(signed);
            out.unsignedBig(big);
            out.signedBig(difference);
          });
          expect([from.unsigned(), from.signed(), from.unsignedBig(), from.signedBig()]).toStrictEqual([
            unsigned,
            signed,
            big,
            difference,
          ]);
          from.end();
        },
      ),
      { numRuns: 1000 },
    );
  });

  it.each([0, 1, 127, 128, 2 ** 31 - 1, 2 ** 31, 2 ** 32, 2 ** 49 - 1, 2 ** 49, Number.MAX_SAFE_INTEGER])(
    'hold %d',
    (value) => {
      expect(written((out) => out.unsigned(value)).unsigned()).toBe(value);
      expect(written((out) => out.signedBig(BigInt(-value))).signedBig()).toBe(BigInt(-value));
    },
  );

  it('that never end are refused', () => {
    const from = () => new IndexReader(Buffer.alloc(11, 0xff), OBJECT, 'test');
    expect(() => from().unsigned()).toThrow(/a number too large in its test at byte 8/);
    expect(() => from().unsignedBig()).toThrow(/a number too large in its test at byte 10/);
  });

  it('of more things than there are bytes are refused before anything is allocated', () => {
    expect(() => written((out) => out.unsigned(2 ** 40)).count()).toThrow(/1099511627776 things announced/);
    expect(() => written((out) => out.unsigned(2 ** 40)).bytes()).toThrow(/things announced/);
  });
});

describe('a body under a right checksum that says what cannot be', () => {
  it('is refused, or read as something that can be', () => {
    fc.assert(
      fc.property(
        arbitraryIndex,
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 6 }),
        (index, changes) => {
          const out = new IndexWriter();
          writeEvents(out, index.events, index.startLsn);
          const eventBytes = out.lengthBytes;
          writeWork(out, index.work, index.startLsn);
          const bytes = Buffer.from(out.written);
          for (const [place, value] of changes) bytes[place % bytes.length] = value;
          const [events, work] = [bytes.subarray(0, eventBytes), bytes.subarray(eventBytes)];
          refusesOrReads(() => readEvents(new IndexReader(events, OBJECT, 'body'), OBJECT, index.startLsn));
          refusesOrReads(() => readWork(new IndexReader(work, OBJECT, 'body'), OBJECT, index.startLsn));
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('is refused for arbitrary bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (array) => {
        refusesOrReads(() => readEvents(new IndexReader(Buffer.from(array), OBJECT, 'body'), OBJECT, lsn(0n)));
        refusesOrReads(() => readWork(new IndexReader(Buffer.from(array), OBJECT, 'body'), OBJECT, lsn(0n)));
      }),
      { numRuns: 500 },
    );
  });
});
