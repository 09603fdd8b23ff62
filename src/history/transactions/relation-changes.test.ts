import { describe, expect, it } from 'vitest';

import { relation } from '../../../tests/support/logged-transactions.ts';
import { lsn } from '../../postgres/lsn.ts';
import type { Relation } from '../names/relation-names.ts';
import { rowsByRelation } from './relation-changes.ts';
import type { RelationFates } from './relation-fates.ts';
import { rows } from './testing/hand-made-index.ts';

const NO_FATES: RelationFates = {
  all: [],
  ofNewFile: () => undefined,
  isSwappedOut: () => false,
  ofOid: () => undefined,
};

function sharesOf(of: Relation, counts: Parameters<typeof rows>[1]) {
  const names = { ofFile: () => of, ofOid: () => of, databaseName: () => 'shop', named: () => [of] };
  const { changes } = rowsByRelation([rows(of.filenode, counts)], NO_FATES, { names, lsn: lsn(100n) });
  return changes.map(({ deletedShare, updatedShare }) => [deletedShare, updatedShare]);
}

describe('the share of a table that a transaction changed', () => {
  it('is by the estimate of its rows, and not known without one', () => {
    expect(sharesOf(relation({ estimatedRows: 200 }), { deleted: 50, updated: 100 })).toEqual([[0.25, 0.5]]);
    expect(sharesOf(relation({ estimatedRows: undefined }), { deleted: 50 })).toEqual([[undefined, undefined]]);
    expect(sharesOf(relation({ estimatedRows: 0 }), { deleted: 50 })).toEqual([[undefined, undefined]]);
  });

  it('is above 1 where the table had more rows than was estimated', () => {
    expect(sharesOf(relation({ estimatedRows: 100 }), { deleted: 500 })).toEqual([[5, 0]]);
  });
});
