import { describe, expect, it } from 'vitest';

import { change, definition, relation, transaction } from '../cli/output/testing/logged.ts';
import { parseTablePattern } from '../history/table-pattern.ts';
import { EVERYTHING, isWanted, type LogFilter } from './log-filter.ts';

const moved = change('orders_2026', {
  root: relation('orders'),
  movedIn: 2,
  movedOut: 0,
});
const emptied = definition('truncate', 'stock');
const busy = transaction(700, '15:00:00.000', {
  subxids: [701, 702],
  changes: [change('lines', { inserted: 9, deleted: 1 }), moved],
  definitions: [emptied],
});

type Given = Partial<Omit<LogFilter, 'tables'>> & { readonly tables?: readonly string[] };

function wants({ tables = [], ...filter }: Given, one = busy): boolean {
  const patterns = tables.map((table) => parseTablePattern(table, '--table'));
  return isWanted(one, { ...EVERYTHING, ...filter, tables: patterns });
}

describe('the filter of a log', () => {
  it.each<[Given, boolean]>([
    [{}, true],
    [{ xids: [700] }, true],
    [{ xids: [702] }, true],
    [{ xids: [703] }, false],
    [{ tables: ['lines'] }, true],
    [{ tables: ['public.lines'] }, true],
    [{ tables: ['audit.lines'] }, false],
    [{ tables: ['shop.public.lines'] }, true],
    [{ tables: ['crm.public.lines'] }, false],
    [{ tables: ['"lines"'] }, true],
    [{ tables: ['orders'] }, true],
    [{ tables: ['orders_2026'] }, true],
    [{ tables: ['stock'] }, true],
    [{ tables: ['1663/16384/30000'] }, true],
    [{ tables: ['customers'] }, false],
    [{ tables: ['customers', 'stock'] }, true],
    [{ operations: ['delete'] }, true],
    [{ operations: ['update'] }, true],
    [{ operations: ['truncate'] }, true],
    [{ operations: ['drop'] }, false],
    [{ operations: ['ddl'] }, false],
    [{ tables: ['orders'], operations: ['delete'] }, false],
    [{ tables: ['lines'], operations: ['delete'] }, true],
    [{ databases: ['shop'] }, true],
    [{ databases: ['16384'] }, true],
    [{ databases: ['postgres'] }, false],
    [{ tables: ['lines'], minRows: 10 }, true],
    [{ tables: ['lines'], minRows: 11 }, false],
    [{ tables: ['stock'], minRows: 1_000_000 }, true],
  ])('%j: %s', (filter, expected) => {
    expect(wants(filter)).toBe(expected);
  });

  it('leaves out what was rolled back unless it is asked for', () => {
    const aborted = { ...busy, outcome: 'abort' as const };
    expect([wants({}, aborted), wants({ withAborted: true }, aborted)]).toEqual([false, true]);
  });

  it('finds the drop of a database by its name, wherever it was run', () => {
    const drop = transaction(9, '15:00:00.000', {
      databaseName: 'postgres',
      definitions: [definition('dropDatabase', 'x', { relation: undefined, name: 'crm', oid: 17_000 })],
    });
    expect(wants({ databases: ['crm'] }, drop)).toBe(true);
    expect(wants({ operations: ['drop'] }, drop)).toBe(true);
  });

  it('keeps transactions without effect only while no effect is asked for', () => {
    const quiet = transaction(9, '15:00:00.000');
    expect([wants({}, quiet), wants({ minRows: 1 }, quiet)]).toEqual([true, false]);
  });
});
