import { describe, expect, it } from 'vitest';

import { relation } from '../../tests/support/logged-transactions.ts';
import type { Relation } from '../history/names/relation-names.ts';
import { parseTablePattern } from '../history/table-pattern.ts';
import { unloggedTables } from './unlogged-tables.ts';

const unloggedOf = (relations: readonly Relation[], ...asked: readonly string[]) =>
  unloggedTables(
    { relations: () => relations.values() },
    asked.map((text) => parseTablePattern(text, '--table')),
  );

describe('asked tables that are unlogged', () => {
  const scratch = relation({ oid: 20, name: 'scratch', isUnlogged: true });
  const orders = relation({ oid: 21, name: 'orders' });

  it('are those that have one of the names, each once, whenever they were unlogged', () => {
    const later = { ...scratch, isUnlogged: false };
    expect(unloggedOf([scratch, scratch, later, orders], 'public.scratch', 'orders')).toEqual(['shop.public.scratch']);
    expect(unloggedOf([scratch, orders], 'orders')).toEqual([]);
    expect(unloggedOf([scratch])).toEqual([]);
  });

  it('are partitions of one that was asked for', () => {
    const root = relation({ oid: 30, name: 'events', kind: 'partitionedTable' });
    const middle = relation({ oid: 31, name: 'events_2026', kind: 'partitionedTable', parentOid: 30 });
    const leaf = relation({ oid: 32, name: 'events_2026_06', isUnlogged: true, parentOid: 31 });
    expect(unloggedOf([root, middle, leaf], 'events')).toEqual(['shop.public.events_2026_06']);
  });

  it('are no indexes and no TOAST tables', () => {
    expect(
      unloggedOf(
        [
          { ...scratch, kind: 'index' },
          { ...scratch, kind: 'toast' },
        ],
        'scratch',
      ),
    ).toEqual([]);
  });
});
