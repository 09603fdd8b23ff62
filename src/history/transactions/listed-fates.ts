/**
 * The fates that a list of transactions shows: not those of catalogs, and not those of an index or sequence that are only
 * what happened to its table.
 *
 * @module
 */

import type { Relation } from '../names/relation-names.ts';
import { isToast } from './ended-work.ts';
import type { FateKind, RelationFate, RelationFates } from './relation-fates.ts';

const GIVES_NEW_FILE: ReadonlySet<FateKind> = new Set(['truncated', 'rewritten', 'refreshed']);
const COMPANIONS: ReadonlySet<Relation['kind']> = new Set(['index', 'partitionedIndex', 'sequence', 'compositeType']);

/** Chooses them. */
export function listedFates({ all }: RelationFates): RelationFate[] {
  if (all.length === 0) return [];
  const shown = all.filter(
    ({ kind, relation }) => kind !== 'passing' && relation !== undefined && !relation.isCatalog && !isToast(relation),
  );
  const leaders = shown.filter(({ relation }) => relation !== undefined && !COMPANIONS.has(relation.kind));
  return withoutRemade(shown, leaders).filter((fate) => !isOfTable(fate, leaders));
}

/** True for what TRUNCATE and rewrites (new index files, RESTART IDENTITY), SET SCHEMA and OWNER TO do beside. */
function isOfTable({ kind, relation, databaseOid }: RelationFate, leaders: readonly RelationFate[]): boolean {
  if (relation === undefined || !COMPANIONS.has(relation.kind)) return false;
  const beside = leaders.filter((leader) => leader.databaseOid === databaseOid);
  if (kind === 'reindexed') return beside.some((leader) => GIVES_NEW_FILE.has(leader.kind));
  return kind === 'changed' && beside.length > 0;
}

/** ALTER TABLE … TYPE drops the indexes of a column and makes them again: they are rebuilt, under other oids. */
function withoutRemade(shown: readonly RelationFate[], leaders: readonly RelationFate[]): RelationFate[] {
  const indexes = shown.filter(({ relation }) => relation?.kind === 'index' || relation?.kind === 'partitionedIndex');
  const isNewTable = remadeNames(leaders).size > 0;
  const remade = isNewTable ? new Set<string>() : remadeNames(indexes);
  const isRemade = (fate: RelationFate): boolean =>
    indexes.includes(fate) && remade.has(nameOf(fate)) && (fate.kind === 'created' || fate.kind === 'dropped');
  return shown.flatMap((fate) => {
    if (!isRemade(fate)) return [fate];
    const isSaidByTable = fate.kind === 'dropped' || leaders.length > 0;
    return isSaidByTable ? [] : [{ ...fate, kind: 'reindexed' as const }];
  });
}

/** Names that were dropped and made again. */
function remadeNames(fates: readonly RelationFate[]): Set<string> {
  const names = (kind: FateKind) => new Set(fates.filter((fate) => fate.kind === kind).map(nameOf));
  return names('created').intersection(names('dropped'));
}

function nameOf({ databaseOid, relation }: RelationFate): string {
  return `${databaseOid} ${relation?.schemaName ?? ''} ${relation?.name ?? ''}`;
}
