import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { lsn } from '../../postgres/lsn.ts';
import { Versions } from './versions.ts';

describe('a value that changes along the WAL', () => {
  it('is the last one from there or before, or else the first, in whatever order values came', () => {
    const change = fc.record({ at: fc.integer({ min: 0, max: 50 }), value: fc.integer({ min: 0, max: 5 }) });
    fc.assert(
      fc.property(fc.array(change, { minLength: 1 }), fc.integer({ min: 0, max: 50 }), (changes, asked) => {
        const versions = new Versions<number>();
        const known = new Map<number, number>();
        for (const { at, value } of changes) {
          versions.add(lsn(BigInt(at)), value);
          known.set(at, value);
        }
        const places = [...known.keys()].sort((a, b) => a - b);
        const place = places.findLast((at) => at <= asked) ?? places[0] ?? 0;
        expect(versions.at(lsn(BigInt(asked)))).toBe(known.get(place));
      }),
    );
  });

  it('is not added again where it is known, and is added before the first', () => {
    const versions = new Versions<string>();
    versions.add(lsn(200n), 'new');
    versions.addIfChanged(lsn(100n), 'new', Object.is);
    versions.addIfChanged(lsn(150n), 'new', Object.is);
    versions.addIfChanged(lsn(160n), 'old', Object.is);
    expect(versions.all.map(({ lsn: at }) => at)).toEqual([100n, 160n, 200n]);
    expect([90n, 120n, 170n, 250n].map((at) => versions.at(lsn(at)))).toEqual(['new', 'new', 'old', 'new']);
  });
});
