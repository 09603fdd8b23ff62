import { describe, expect, it } from 'vitest';

import type { DatabaseCatalog, PlacedClassRow } from '../postgres/catalog-snapshot.ts';
import { lsn } from '../postgres/lsn.ts';
import { restoreOnly } from '../restore/restore-only.ts';
import { databasesByNames } from './databases-by-names.ts';

const PLACE = { block: 0, offset: 1, dataBytes: 0 };

function relation(oid: number, name: string, filenode: number, kind = 'r'): PlacedClassRow {
  const numbers = { tablespaceOid: 0, toastOid: 0, typeOid: 0, ofTypeOid: 0, ownerOid: 0, accessMethodOid: 0 };
  const pages = { pages: 0, allVisiblePages: 0, allFrozenPages: 0 };
  const flags = { isShared: false, persistence: 'p', kind, hasIndex: false, estimatedRows: undefined };
  return { oid, name, schemaOid: 2200, filenode, ...numbers, ...pages, ...flags, place: PLACE };
}

function database(oid: number, name: string, more: Partial<DatabaseCatalog> = {}): DatabaseCatalog {
  return {
    oid,
    name,
    tablespaceOid: 1663,
    problem: undefined,
    lsn: lsn(0n),
    snapshot: { xmax: 0, running: [] },
    schemas: [{ oid: 2200, name: 'public', place: PLACE }],
    relations: [],
    parents: [],
    mapped: [],
    place: PLACE,
    ...more,
  };
}

const SHOP = database(16_384, 'shop', {
  relations: [
    relation(16_400, 'orders', 16_500),
    relation(16_410, 'events', 0, 'p'),
    relation(16_411, 'events_2026', 0, 'p'),
    relation(16_412, 'events_2026_01', 16_512),
    relation(16_420, 'recent', 0, 'v'),
    relation(1259, 'pg_class', 0),
  ],
  parents: [
    { oid: 16_411, parentOid: 16_410, sequence: 1, place: PLACE },
    { oid: 16_412, parentOid: 16_411, sequence: 1, place: PLACE },
  ],
  mapped: [{ oid: 1259, filenode: 1300 }],
});

describe('the databases of a backup by their names', () => {
  const value = databasesByNames({ databases: [SHOP, database(5, 'closed', { problem: 'no entry' })] });

  it('have relations with files, and partitioned tables with all that inherits from them', () => {
    const part = { 'public.events_2026_01': { oid: 16_412, relfilenode: 16_512 } };
    expect(value).toEqual({
      shop: {
        oid: 16_384,
        tables_new: {
          'public.orders': { oid: 16_400, relfilenode: 16_500 },
          'public.events': {
            oid: 16_410,
            relfilenode: 0,
            subtables: { 'public.events_2026': { oid: 16_411, relfilenode: 0 }, ...part },
          },
          'public.events_2026': { oid: 16_411, relfilenode: 0, subtables: part },
          ...part,
          'public.pg_class': { oid: 1259, relfilenode: 1300 },
        },
      },
    });
  });

  it('are what a partial restore goes by', () => {
    const isWanted = restoreOnly(value, 'files_metadata.json', ['shop/events']);
    expect(isWanted('base/16384/16512')).toBe(true);
    expect(isWanted('base/16384/1300')).toBe(true);
    expect(isWanted('base/16384/16500')).toBe(false);
  });
});
