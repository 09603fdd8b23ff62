import { describe, expect, it } from 'vitest';

import { lsn } from '../../postgres/lsn.ts';
import type { CatalogChange } from '../../postgres/wal-records/catalog-change.ts';
import type { PlacedClassRow } from '../../postgres/catalog-snapshot.ts';
import { CatalogFollower } from './catalog-follower.ts';
import { NameBook } from './name-book.ts';
import { classRow, DATABASE, rows, snapshotAt, update, version } from './testing/catalog.ts';

const T = classRow(16_401, 't');
const file = (filenode: number) => ({ tablespaceOid: 1663, databaseOid: DATABASE, filenode });

function drop(at: bigint, xid: number, { place }: PlacedClassRow): CatalogChange {
  const at0 = { lsn: lsn(at), xid, databaseOid: DATABASE, block: place.block, offset: place.offset };
  return { kind: 'catalogDelete', catalog: 'pg_class', ...at0 };
}

const NAMED = [{ databaseOid: DATABASE, oid: T.oid }];

function begin(startLsn = 0n): { book: NameBook; follower: CatalogFollower } {
  const book = new NameBook();
  book.addSnapshot(snapshotAt(100n, [T]));
  return { book, follower: new CatalogFollower(book, 18, lsn(startLsn)) };
}

describe('names followed through the WAL', () => {
  it('have the estimate of rows that an ANALYZE gave a table made in the same WAL', () => {
    const { book, follower } = begin();
    const made = classRow(17_200, 'made');
    follower.follow(rows(200n, 700, made));
    follower.commit({ xids: [700], lsn: lsn(210n), invalidatedOids: [] });
    follower.follow(rows(220n, 0, { ...made, estimatedRows: 5000 }));
    expect(book.ofOid(DATABASE, made.oid, lsn(300n))?.estimatedRows).toBe(5000);
  });

  it('are a copied database’s as they were its template’s', () => {
    const { book, follower } = begin();
    follower.follow(rows(200n, 700, version(T, 2, { name: 'renamed', filenode: 17_000 })));
    follower.commit({ xids: [700], lsn: lsn(210n), invalidatedOids: NAMED });
    const place = { lsn: lsn(300n), endLsn: lsn(308n), timeline: 1, xid: 701 };
    const copyOf = { databaseOid: DATABASE, tablespaceOid: 1663 };
    follower.followDatabase({ ...place, kind: 'databaseCreate', databaseOid: 99, tablespaceOid: 1700, copyOf });
    follower.followDatabase({
      ...place,
      kind: 'databaseCreate',
      databaseOid: 98,
      tablespaceOid: 1663,
      copyOf: undefined,
    });
    const of = (databaseOid: number, tablespaceOid: number) =>
      book.ofFile({ tablespaceOid, databaseOid, filenode: 17_000 }, lsn(400n));
    expect(of(99, 1700)).toMatchObject({ name: 'renamed', schemaName: 'public', databaseOid: 99, tablespaceOid: 1700 });
    expect(of(98, 1663)).toBeUndefined();
  });

  it('change with the commit, and not with a rollback, of the subtransaction that changed them', () => {
    const { book, follower } = begin();
    const truncated = version(T, 2, { filenode: 17_000 });
    const renamed = version(truncated, 3, { name: 'never', filenode: 17_001 });
    follower.follow(update(200n, 700, T, truncated));
    follower.follow(update(210n, 701, truncated, renamed));
    follower.forget([701], lsn(220n));
    const [one] = follower.commit({ xids: [700], lsn: lsn(300n), invalidatedOids: [] });
    expect(one).toMatchObject({ oid: T.oid, existedBefore: true, filenodes: [17_000], isTemporary: false });
    expect(one?.before).toMatchObject({ name: 't', filenode: T.filenode });
    expect(one?.after).toMatchObject({ name: 't', filenode: 17_000 });
    expect(book.ofOid(DATABASE, T.oid, lsn(299n))?.filenode).toBe(T.filenode);
    // Whose it was is known, although no catalog ever showed it.
    expect(book.ofFile(file(17_001), lsn(400n))?.name).toBe('t');
  });

  it('leave a file that two relations had in one transaction to the one that stays', () => {
    const { book, follower } = begin();
    const passing = classRow(17_100, 'pg_temp_16401');
    const swapped = version(passing, 8, { filenode: T.filenode });
    follower.follow(rows(200n, 700, passing));
    follower.follow(update(210n, 700, T, version(T, 9, { filenode: passing.filenode })));
    follower.follow(update(220n, 700, passing, swapped));
    follower.follow(drop(230n, 700, swapped));
    const transitions = follower.commit({ xids: [700], lsn: lsn(300n), invalidatedOids: NAMED });
    expect(transitions.map(({ oid, existedBefore, after }) => [oid, existedBefore, after?.filenode])).toEqual([
      [passing.oid, false, undefined],
      [T.oid, true, passing.filenode],
    ]);
    expect(book.ofFile(file(passing.filenode), lsn(300n))?.name).toBe('t');
    expect(book.ofFile(file(T.filenode), lsn(300n))?.name).toBe('t');
  });

  it('are told of a dropped relation before and behind its end', () => {
    const { book, follower } = begin();
    follower.follow(drop(200n, 700, T));
    const [one] = follower.commit({ xids: [700], lsn: lsn(300n), invalidatedOids: NAMED });
    expect(one).toMatchObject({ existedBefore: true, after: undefined, last: { name: 't' } });
    expect(book.ofFile(file(T.filenode), lsn(400n))?.name).toBe('t');
  });

  it('do not come from a place that may have been used again since a snapshot, unless the commit names the relation', () => {
    for (const [invalidatedOids, filenode] of [
      [[], T.filenode],
      [[{ databaseOid: DATABASE, oid: 16_999 }], T.filenode],
      [NAMED, 17_000],
    ] as const) {
      const { book, follower } = begin(150n);
      follower.follow(update(200n, 700, T, version(T, 2, { filenode: 17_000 })));
      follower.commit({ xids: [700], lsn: lsn(300n), invalidatedOids });
      expect(book.ofOid(DATABASE, T.oid, lsn(300n))?.filenode).toBe(filenode);
    }
  });

  it('come from no old row that is not known', () => {
    const book = new NameBook();
    const follower = new CatalogFollower(book, 18, lsn(0n));
    follower.follow(update(200n, 700, T, version(T, 2, { filenode: 17_000 })));
    expect(follower.commit({ xids: [700], lsn: lsn(300n), invalidatedOids: NAMED })).toEqual([]);
    expect(book.ofFile(file(17_000), lsn(300n))).toBeUndefined();
  });

  it('come from the image of a page, but not from rows of who was rolled back or has not ended', () => {
    const book = new NameBook();
    const follower = new CatalogFollower(book, 18, lsn(0n));
    follower.follow(rows(200n, 700, T));
    follower.follow(rows(210n, 0, T, { insertedBy: 700 }));
    expect(book.ofOid(DATABASE, T.oid, lsn(220n))).toBeUndefined();
    follower.forget([700], lsn(230n));
    const other = classRow(16_402, 'other');
    follower.follow(rows(240n, 0, other, { insertedBy: 700 }));
    expect(book.ofOid(DATABASE, other.oid, lsn(250n))).toBeUndefined();
    follower.follow(rows(260n, 0, other, { insertedBy: 690 }));
    expect(book.ofOid(DATABASE, other.oid, lsn(270n))?.name).toBe('other');
  });

  it('take estimated rows from a change in place, whoever made it', () => {
    const { book, follower } = begin();
    follower.follow(rows(200n, 0, { ...T, estimatedRows: 1_000_000 }));
    expect(book.ofOid(DATABASE, T.oid, lsn(300n))?.estimatedRows).toBe(1_000_000);
  });

  it('are of no old place when pg_class itself was rewritten', () => {
    const { book, follower } = begin();
    follower.follow(rows(150n, 0, T, { insertedBy: 600 }));
    const files = [{ oid: 1259, filenode: 18_000 }];
    const place = { lsn: lsn(200n), endLsn: lsn(208n), timeline: 1, xid: 700, databaseOid: DATABASE };
    follower.followRelationMap({ kind: 'relationMap', ...place, tablespaceOid: 1663, files });
    follower.follow(update(300n, 701, T, version(T, 2, { filenode: 17_000 })));
    expect(follower.commit({ xids: [701], lsn: lsn(310n), invalidatedOids: NAMED })).toEqual([]);
    expect(book.catalogFiles()).toEqual([{ catalog: 'pg_class', file: file(18_000) }]);
  });
});
