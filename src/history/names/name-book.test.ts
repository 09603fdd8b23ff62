import { describe, expect, it } from 'vitest';

import { lsn } from '../../postgres/lsn.ts';
import { NameBook } from './name-book.ts';
import { classRow, DATABASE, snapshotAt } from './testing/catalog.ts';

const file = (filenode: number, tablespaceOid = 1663, databaseOid = DATABASE) => ({
  tablespaceOid,
  databaseOid,
  filenode,
});
const AT = lsn(500n);

describe('a book of names', () => {
  it('tells a file by its tablespace where two have the same number', () => {
    const book = new NameBook();
    const there = classRow(16_500, 'elsewhere', { filenode: 16_400, tablespaceOid: 20_000 });
    book.addSnapshot(snapshotAt(100n, [classRow(16_400, 'here'), there]));
    expect(book.ofFile(file(16_400), AT)?.name).toBe('here');
    expect(book.ofFile(file(16_400, 20_000), AT)?.name).toBe('elsewhere');
    expect(book.ofFile(file(16_400, 30_000), AT)).toBeUndefined();
    expect(book.ofFile(file(16_400, 1663, 6), AT)).toBeUndefined();
  });

  it('knows the catalogs in a database that it does not know, and shared ones in none', () => {
    const book = new NameBook();
    const shared = classRow(1260, 'pg_authid', { schemaOid: 11, isShared: true, filenode: 0 });
    const own = classRow(2619, 'pg_statistic', { schemaOid: 11 });
    book.addSnapshot(snapshotAt(100n, [shared, own], { mapped: [{ oid: 1260, filenode: 1260 }] }));
    expect(book.ofFile(file(2619, 1663, 99), AT)).toMatchObject({ name: 'pg_statistic', schemaName: 'pg_catalog' });
    expect(book.ofFile(file(1260, 1664, 0), AT)).toMatchObject({ name: 'pg_authid', databaseOid: 0, isCatalog: true });
    expect(book.ofFile(file(1260), AT)).toBeUndefined();
  });

  it('finds a relation by each name it had, with its schema or without', () => {
    const book = new NameBook();
    book.addSnapshot(snapshotAt(100n, [classRow(16_400, 'orders')]));
    book.addSnapshot(snapshotAt(200n, [classRow(16_400, 'sales'), classRow(16_401, 'orders')]));
    expect(book.named('orders').map(({ oid }) => oid)).toEqual([16_400, 16_401]);
    expect(book.named('public.sales').map(({ oid }) => oid)).toEqual([16_400]);
    expect(book.named('app.sales')).toEqual([]);
    expect(book.ofOid(DATABASE, 16_400, lsn(150n))?.name).toBe('orders');
  });

  it('puts a commit that a snapshot did not see yet behind it', () => {
    const book = new NameBook();
    const old = classRow(16_400, 'old');
    book.addSnapshot(snapshotAt(300n, [old], { snapshot: { xmax: 760, running: [755] } }));
    for (const [xid, name] of [
      [750, 'seen'],
      [755, 'running'],
    ] as const) {
      book.put(DATABASE, { catalog: 'pg_class', row: { ...old, name } }, lsn(200n), xid);
      const isSeen = xid === 750;
      expect(book.ofOid(DATABASE, 16_400, lsn(250n))?.name).toBe(name);
      expect(book.ofOid(DATABASE, 16_400, lsn(350n))?.name).toBe(isSeen ? 'old' : 'running');
    }
  });

  it('takes from a server on another line only what nothing else tells', () => {
    const book = new NameBook();
    book.addSnapshot(snapshotAt(100n, [classRow(16_400, 'known')]));
    book.addHint(snapshotAt(50n, [classRow(16_400, 'renamed', { filenode: 16_450 }), classRow(16_401, 'other')]));
    expect(book.ofFile(file(16_400), AT)?.name).toBe('known');
    expect(book.ofFile(file(16_450), AT)?.name).toBe('known');
    expect(book.ofFile(file(16_401), AT)?.name).toBe('other');
  });

  it('knows the owner of a TOAST table, by its own row too', () => {
    const book = new NameBook();
    const toast = classRow(16_403, 'pg_toast_16400', { schemaOid: 99, kind: 't' });
    const orphan = classRow(16_500, 'pg_toast_16444', { schemaOid: 99, kind: 't' });
    book.addSnapshot(snapshotAt(100n, [classRow(16_400, 't', { toastOid: 16_403 }), toast, orphan]));
    expect(book.ofFile(file(16_403), AT)).toMatchObject({ schemaName: 'pg_toast', toastOwnerOid: 16_400 });
    expect(book.ofFile(file(16_500), AT)?.toastOwnerOid).toBe(16_444);
  });
});
