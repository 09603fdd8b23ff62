import { describe, expect, it } from 'vitest';

import { NameBook } from '../history/names/name-book.ts';
import { parseTablePattern } from '../history/table-pattern.ts';
import { lsn } from '../postgres/lsn.ts';
import { classRow, DATABASE, snapshotAt } from '../history/names/testing/catalog.ts';
import { unknownName } from './check-asked-names.ts';

const ORDERS = classRow(16_401, 'orders');

function names(): NameBook {
  const book = new NameBook();
  book.addSnapshot(snapshotAt(100n, [ORDERS, classRow(1259, 'pg_class')]));
  book.put(DATABASE, { catalog: 'pg_class', row: { ...ORDERS, name: 'orders_2025' } }, lsn(200n));
  return book;
}

const asked = (tables: readonly string[], databases: readonly string[] = []) =>
  unknownName(names(), { tables: tables.map((one) => parseTablePattern(one, '--table')), databases });

describe('a name that a log is asked for', () => {
  it('is known if a relation has it or had it, in its schema and database, or if it is a file', () => {
    expect(
      asked(['orders', 'public.orders_2025', 'shop.public.orders', '1663/5/99999'], ['shop', '5']),
    ).toBeUndefined();
  });

  it('is refused with the nearest one that is known', () => {
    expect(asked(['orders', 'ordres'])).toMatchObject({
      kind: 'usage',
      message: 'cannot tell what happened to ordres: no table of that name is known; orders is',
      remedy: expect.stringContaining('walkback log --table orders'),
    });
    expect(asked([], ['shpo'])?.remedy).toContain('walkback log --database shop');
  });

  it('is refused with lines to type that name the timeline, where it must be', () => {
    const tables = ['ordres', 'nosuch'].map((one) => [parseTablePattern(one, '--table')]);
    const remedies = tables.map((one) => unknownName(names(), { tables: one, databases: [] }, 2)?.remedy ?? '');
    const typed = remedies.flatMap((one) => one.split('\n')).filter((one) => one.startsWith('    walkback'));
    expect(typed).toEqual([
      '    walkback log --table orders --timeline 2',
      '    walkback log --largest 10 --timeline 2',
      '    walkback log --names-from live --timeline 2',
    ]);
  });

  it('is refused with the same name in another schema, before any that is spelled alike', () => {
    expect(asked(['audit.orders'])?.message).toMatch(/shop\.public\.orders is$/);
  });

  it('is refused without a proposal where none is near', () => {
    expect(asked(['nosuch'])?.message).toBe('cannot tell what happened to nosuch: no table of that name is known');
  });
});
