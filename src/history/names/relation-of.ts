/**
 * A relation as lists show it, from its row of `pg_class` and what other catalogs say.
 *
 * @module
 */

import type { ClassRow } from '../../postgres/catalog-rows.ts';
import type { Relation, RelationKind } from './relation-names.ts';

/** `relkind`, `src/include/catalog/pg_class.h`. */
const KINDS: ReadonlyMap<string, RelationKind> = new Map([
  ['r', 'table'],
  ['p', 'partitionedTable'],
  ['i', 'index'],
  ['I', 'partitionedIndex'],
  ['t', 'toast'],
  ['m', 'materializedView'],
  ['S', 'sequence'],
  ['v', 'view'],
  ['c', 'compositeType'],
  ['f', 'foreignTable'],
]);

const TOAST_NAME = /^pg_toast_(\d+)$/;

/** What the row itself does not tell. */
type Besides = Pick<
  Relation,
  'databaseOid' | 'databaseName' | 'schemaName' | 'isCatalog' | 'tablespaceOid' | 'toastOwnerOid' | 'parentOid'
>;

/** A TOAST table's name holds its owner's oid: the answer where the owner's row was not seen. */
function ownerByName(row: ClassRow): number | undefined {
  const digits = row.kind === 't' ? TOAST_NAME.exec(row.name)?.[1] : undefined;
  return digits === undefined ? undefined : Number(digits);
}

/** Joins them; `undefined` for a row of no kind that there is. */
export function relationOf(row: ClassRow, besides: Besides): Relation | undefined {
  const kind = KINDS.get(row.kind);
  if (kind === undefined) return undefined;
  return {
    ...besides,
    oid: row.oid,
    name: row.name,
    kind,
    isUnlogged: row.persistence === 'u',
    filenode: row.filenode,
    toastOid: row.toastOid,
    toastOwnerOid: kind === 'toast' ? (besides.toastOwnerOid ?? ownerByName(row)) : undefined,
    estimatedRows: row.estimatedRows,
  };
}
