import { describe, expect, it } from 'vitest';

import { lsn } from '../postgres/lsn.ts';
import type { CatalogFile } from '../postgres/wal-records/catalog-files.ts';
import type { IndexEvent, SegmentIndex } from '../wal-index/segment-index.ts';
import { filesMovedTo, missesCatalogChanges } from './segment-indexes-catalogs.ts';

const REWRITTEN = { tablespaceOid: 1663, databaseOid: 5, filenode: 20_000 };
const known: readonly CatalogFile[] = [{ catalog: 'pg_class', file: REWRITTEN }];

describe('an index with rows in the file of a rewritten catalog', () => {
  it('misses changes if it gives none, or fewer than there are rows', () => {
    expect(missesCatalogChanges(indexWith(2, []), known)).toBe(true);
    expect(missesCatalogChanges(indexWith(2, [update('pg_class')]), known)).toBe(true);
    expect(missesCatalogChanges(indexWith(1, [update('pg_namespace')]), known)).toBe(true);
  });

  it('misses those of the file before, though it gives those of the file that it moved to', () => {
    const moved = { ...REWRITTEN, filenode: 30_000 };
    const map = { ...place, kind: 'relationMap', endLsn: lsn(0x1040n), timeline: 1, tablespaceOid: 1663 } as const;
    const relationMap = { ...map, files: [{ oid: 1259, filenode: 30_000 }] };
    const changes = [relationMap, update('pg_class'), update('pg_class')];
    const before = indexWith(2, changes).work;
    const behind = indexWith(2, changes, moved).work;
    expect(missesCatalogChanges({ events: changes, work: [...before, ...behind] }, known)).toBe(true);
    expect(missesCatalogChanges({ events: changes, work: behind }, known)).toBe(false);
  });

  it('misses none if it gives them all, or the file is no catalog’s', () => {
    expect(missesCatalogChanges(indexWith(2, [update('pg_class'), update('pg_class')]), known)).toBe(false);
    expect(missesCatalogChanges(indexWith(2, []), [])).toBe(false);
    const elsewhere = known.map((one) => ({ ...one, file: { ...REWRITTEN, databaseOid: 6 } }));
    expect(missesCatalogChanges(indexWith(2, []), elsewhere)).toBe(false);
  });

  it('does not take what was there, or changed in place, for a change', () => {
    const image = { ...rows, isImage: true };
    const inPlace = { ...rows, xid: 0 };
    expect(missesCatalogChanges(indexWith(1, [image, inPlace]), known)).toBe(true);
    expect(missesCatalogChanges(indexWith(1, [rows]), known)).toBe(false);
  });
});

describe('the files that a catalog is moved to', () => {
  const map = { kind: 'relationMap', endLsn: lsn(0x1040n), timeline: 1, tablespaceOid: 1663 } as const;
  const moving = (filenode: number): IndexEvent => ({ ...place, ...map, files: [{ oid: 1259, filenode }] });

  it('are those that nobody knew, and not its first', () => {
    expect(filesMovedTo(indexWith(0, [moving(30_000)]), known)).toMatchObject([{ file: { filenode: 30_000 } }]);
    expect(filesMovedTo(indexWith(0, [moving(20_000), moving(1259)]), known)).toEqual([]);
  });
});

const place = { lsn: lsn(0x1000n), xid: 700, databaseOid: 5, block: 0 };
const row = {
  offset: 1,
  data: Buffer.alloc(0),
  totalBytes: 0,
  insertedBy: 0,
  deletedBy: 0,
  isDead: false,
};
const rows = { ...place, kind: 'catalogRows', catalog: 'pg_class', isImage: false, rows: [row] } as const;

function update(catalog: 'pg_class' | 'pg_namespace'): IndexEvent {
  const old = { offset: 2, oldBlock: 0, oldOffset: 1, prefixBytes: 0, suffixBytes: 0, data: undefined };
  return { ...place, ...old, kind: 'catalogUpdate', catalog };
}

/** So many rows of the file, as the work of one transaction. */
function indexWith(
  rowCount: number,
  events: readonly IndexEvent[],
  file = REWRITTEN,
): Pick<SegmentIndex, 'work' | 'events'> {
  const none = { inserted: 0, hotUpdated: 0, deleted: 0, movedOut: 0, insertedAfterMove: 0 };
  return {
    events,
    work: [
      {
        xid: 700,
        topXid: undefined,
        firstLsn: lsn(0x1000n),
        lastLsn: lsn(0x2000n),
        walBytes: 100,
        originId: undefined,
        files: [{ ...none, file, updated: rowCount }],
        createdFiles: [],
        cutFiles: [],
        truncatedOids: [],
        isMoveOpen: false,
        firstInsertFile: undefined,
      },
    ],
  };
}
