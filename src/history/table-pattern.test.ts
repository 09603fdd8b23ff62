import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { relation } from '../../tests/support/logged-transactions.ts';
import { fullName, isMeant, parseTablePattern } from './table-pattern.ts';

const orders = relation({ name: 'orders', schemaName: 'public', databaseName: 'shop' });
const means = (text: string): boolean => isMeant(parseTablePattern(text, '--before-drop'), orders, undefined);

describe('a table that is asked for', () => {
  it.each(['orders', 'public.orders', 'shop.public.orders', '"orders"', 'shop."public".orders'])('is %s', (text) => {
    expect(means(text)).toBe(true);
  });

  it.each(['Orders', 'order', 'audit.orders', 'other.public.orders', 'orders.orders'])('is not %s', (text) => {
    expect(means(text)).toBe(false);
  });

  it.each(['', '.', 'a.', '.a', 'a..b', 'a.b.c.d', '"a', 'a"b', '""'])('is not asked for by %j', (text) => {
    expect(() => parseTablePattern(text, '--before-drop')).toThrow(expect.objectContaining({ kind: 'usage' }));
  });

  it('is a file by its numbers', () => {
    const file = { tablespaceOid: 1663, databaseOid: 5, filenode: 16_400 };
    expect(isMeant(parseTablePattern('1663/5/16400', '--before-drop'), undefined, file)).toBe(true);
    expect(isMeant(parseTablePattern('1663/5/16401', '--before-drop'), orders, file)).toBe(false);
  });

  it('is found by its full name, whatever it is called', () => {
    const part = fc.string({ minLength: 1 });
    fc.assert(
      fc.property(part, part, part, (databaseName, schemaName, name) => {
        const one = relation({ databaseName, schemaName, name });
        return isMeant(parseTablePattern(fullName(one), '--before-drop'), one, undefined);
      }),
    );
  });
});
