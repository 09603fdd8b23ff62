/**
 * Tables that are asked for and of whose rows the WAL has nothing.
 *
 * @module
 */

import type { Relation } from '../history/names/relation-names.ts';
import { fullName, isMeant, type TablePattern } from '../history/table-pattern.ts';

/** Longer chains of partitions than this are no chains. */
const DEEPEST_PARTITION = 64;

const keyOf = (databaseOid: number, oid: number): string => `${databaseOid}/${oid}`;

/**
 * The full names of asked tables that are or were unlogged, as far as names are known; of an asked table that is partitioned
 * those of such partitions.
 */
export function unloggedTables(
  names: { readonly relations: () => Iterable<Relation> },
  asked: readonly TablePattern[],
): string[] {
  if (asked.length === 0) return [];
  const known = new Map<string, Relation>();
  const unlogged: Relation[] = [];
  for (const relation of names.relations()) {
    known.set(keyOf(relation.databaseOid, relation.oid), relation);
    if (relation.isUnlogged && relation.kind === 'table') unlogged.push(relation);
  }
  const isAsked = (relation: Relation) => {
    let one: Relation | undefined = relation;
    for (let depth = 0; one !== undefined && depth < DEEPEST_PARTITION; depth += 1) {
      const here: Relation = one;
      if (asked.some((pattern) => isMeant(pattern, here, undefined))) return true;
      one = here.parentOid === undefined ? undefined : known.get(keyOf(here.databaseOid, here.parentOid));
    }
    return false;
  };
  return [...new Set(unlogged.filter(isAsked).map(fullName))];
}
