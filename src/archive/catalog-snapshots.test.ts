import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { isFailure } from '../base/failure.ts';
import type { CatalogSnapshot } from '../postgres/catalog-snapshot.ts';
import { lsn } from '../postgres/lsn.ts';
import { formatCatalogSnapshot, parseCatalogSnapshot } from './catalog-snapshot-json.ts';
import { catalogSnapshotKey } from './catalog-snapshots.ts';

const oid = fc.integer({ min: 0, max: 0xffff_ffff });
const count = fc.integer({ min: 0, max: 0x7fff_ffff });
const place = fc.record({ block: count, offset: count, dataBytes: count });
const position = fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }).map(lsn);
const named = { oid, name: fc.string(), place };
const database = fc.record({
  ...named,
  tablespaceOid: oid,
  problem: fc.option(fc.string(), { nil: undefined }),
  lsn: position,
  snapshot: fc.record({ xmax: oid, running: fc.array(oid) }),
  schemas: fc.array(fc.record(named)),
  relations: fc.array(
    fc.record({
      ...named,
      schemaOid: oid,
      typeOid: oid,
      ofTypeOid: oid,
      ownerOid: oid,
      accessMethodOid: oid,
      filenode: oid,
      tablespaceOid: oid,
      pages: count,
      estimatedRows: fc.option(fc.integer({ min: 0 }), { nil: undefined }),
      allVisiblePages: count,
      allFrozenPages: count,
      toastOid: oid,
      hasIndex: fc.boolean(),
      isShared: fc.boolean(),
      persistence: fc.constantFrom('p', 'u', 't'),
      kind: fc.constantFrom('r', 'i', 'S', 't'),
    }),
  ),
  parents: fc.array(fc.record({ oid, parentOid: oid, sequence: count, place })),
  mapped: fc.array(fc.record({ oid, filenode: oid })),
});
const snapshot: fc.Arbitrary<CatalogSnapshot> = fc.record({
  systemIdentifier: fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
  major: fc.constantFrom(14, 15, 16, 17, 18),
  timeline: oid,
  lsn: position,
  takenAtUs: fc.bigInt({ min: 0n, max: 1n << 60n }),
  databases: fc.array(database, { maxLength: 3 }),
});

describe('a snapshot of the catalogs as an object', () => {
  it('is read as it was written', () => {
    fc.assert(
      fc.property(snapshot, (one) => {
        expect(parseCatalogSnapshot(formatCatalogSnapshot(one), 'names')).toEqual(one);
      }),
      { numRuns: 50 },
    );
  });

  it('is refused by name when anything in it is of another type', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        try {
          parseCatalogSnapshot(text, 'names/x');
        } catch (error) {
          expect(isFailure(error, 'corrupt')).toBe(true);
          expect(String(error)).toContain('names/x');
          return;
        }
        throw new Error('it was read');
      }),
    );
  });

  it('has a key without 24 hexadecimal digits in a row', () => {
    const key = catalogSnapshotKey(0xab, lsn(0x12_3456_789an));
    expect(key).toBe('walkback_001/names/000000AB/00000012-3456789A');
  });
});
