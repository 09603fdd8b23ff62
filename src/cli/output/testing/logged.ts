/**
 * Transactions by hand, for tests of what is shown of them.
 *
 * @module
 */

import {
  change as anyChange,
  relation as anyRelation,
  transaction as anyTransaction,
} from '../../../../tests/support/logged-transactions.ts';
import type { Relation } from '../../../history/names/relation-names.ts';
import type {
  DefinitionChange,
  LoggedTransaction,
  RelationChange,
} from '../../../history/transactions/logged-transaction.ts';
import { lsn } from '../../../postgres/lsn.ts';
import type { Screen } from '../screen.ts';

/** Microseconds since the Unix epoch of a time in RFC 3339. */
export const us = (text: string): bigint => BigInt(Date.parse(text)) * 1000n;

/** 80 columns, no colour, Vancouver, 2026-06-05 09:41:45 there. */
export function screen(overrides: Partial<Screen> = {}): Screen {
  return {
    columns: 80,
    isTerminal: false,
    hasUnicode: true,
    zone: 'America/Vancouver',
    nowUs: () => us('2026-06-05T16:41:45Z'),
    paint: (text) => text,
    ...overrides,
  };
}

/** A table of database 16384, `shop`. */
export function relation(name: string, overrides: Partial<Relation> = {}): Relation {
  const oid = 20_000 + Array.from(name).reduce((sum, letter) => sum + letter.charCodeAt(0), 0);
  return anyRelation({ databaseOid: 16_384, oid, name, filenode: 30_000, tablespaceOid: 1663, ...overrides });
}

/** Rows changed in a table. */
export function change(name: string, overrides: Partial<RelationChange> = {}): RelationChange {
  const file = { tablespaceOid: 1663, databaseOid: 16_384, filenode: 30_000 };
  return anyChange(relation(name), { file, ...overrides });
}

/** A definition changed. */
export function definition(
  kind: DefinitionChange['kind'],
  name: string,
  overrides: Partial<DefinitionChange> = {},
): DefinitionChange {
  return {
    kind,
    relation: relation(name),
    file: undefined,
    oid: undefined,
    name: undefined,
    rows: undefined,
    lsn: lsn(0x1f_3a002800n),
    ...overrides,
  };
}

/** A commit of 2026-06-05, at this time UTC. */
export function transaction(xid: number, at: string, overrides: Partial<LoggedTransaction> = {}): LoggedTransaction {
  return anyTransaction({
    xid,
    timeUs: us(`2026-06-05T${at}Z`),
    lsn: lsn(0x1f_3c4410c8n),
    endLsn: lsn(0x1f_3c4410f8n),
    timeline: 3,
    firstLsn: lsn(0x1f_3a0028d0n),
    databaseOid: 16_384,
    walBytes: 39_845_888,
    ...overrides,
  });
}
