/**
 * Relations that were dropped, or got another file, of which no row of `pg_class` could be followed: told by the files and
 * statistics that go with the commit.
 *
 * @module
 */

import { relationFileKey, type RelationFile } from '../../postgres/relation-file.ts';
import type { Relation } from '../names/relation-names.ts';
import { isToast, type EndedWork } from './ended-work.ts';
import type { DefinitionChange } from './logged-transaction.ts';
import type { NamesAt } from './relation-changes.ts';
import { passingFor } from './relation-fates.ts';

/** `FirstNormalObjectId`. */
const FIRST_NORMAL_OID = 16384;

/** Tells them. A relation that has a fate of its own is passed over. */
export function changesWithoutRows(ended: EndedWork, at: NamesAt): DefinitionChange[] {
  const { effects, fates } = ended;
  const told = new Set<string>();
  const changes: DefinitionChange[] = [];
  for (const file of effects.droppedFiles) {
    const relation = at.names.ofFile(file, at.lsn);
    const isTold = fates.isSwappedOut(file) || fates.ofNewFile(file) !== undefined;
    if (isTold || isOwn(relation, file)) continue;
    if (relation !== undefined && fates.ofOid(relation.databaseOid, relation.oid) !== undefined) continue;
    const key = relation === undefined ? relationFileKey(file) : `${relation.databaseOid} ${relation.oid}`;
    if (told.has(key)) continue;
    told.add(key);
    changes.push(changeOfFile(file, relation, ended, at));
  }
  return [...changes, ...droppedWithoutFile(ended, told, at)];
}

function isOwn(relation: Relation | undefined, { filenode }: RelationFile): boolean {
  return relation === undefined ? filenode < FIRST_NORMAL_OID : isInner(relation);
}

/** Not listed: a catalog, a part of a table, or the passing relation of a rewrite. */
function isInner(relation: Relation): boolean {
  return relation.isCatalog || isToast(relation) || passingFor(relation.name) !== undefined;
}

function changeOfFile(
  file: RelationFile,
  relation: Relation | undefined,
  { work, effects }: EndedWork,
  at: NamesAt,
): DefinitionChange {
  const made = work.createdFiles.filter((created) => created.file.databaseOid === file.databaseOid);
  const isDropped =
    made.length < effects.droppedFiles.length ||
    effects.droppedOids.some(({ databaseOid, oid }) => databaseOid === relation?.databaseOid && oid === relation.oid);
  const kept = relation?.kind === 'index' ? 'reindex' : effects.droppedOids.length > 0 ? 'rewrite' : 'truncate';
  return {
    kind: isDropped ? 'drop' : kept,
    relation,
    file,
    oid: relation?.oid,
    name: undefined,
    rows: undefined,
    lsn: work.firstLsn ?? at.lsn,
  };
}

/** Statistics go with partitioned tables as well, which have no file. 15 and later. */
function droppedWithoutFile(
  { work, effects, fates }: EndedWork,
  told: ReadonlySet<string>,
  at: NamesAt,
): DefinitionChange[] {
  return effects.droppedOids.flatMap(({ databaseOid, oid }) => {
    const relation = at.names.ofOid(databaseOid, oid, at.lsn);
    const isTold = told.has(`${databaseOid} ${oid}`) || fates.ofOid(databaseOid, oid) !== undefined;
    if (relation === undefined || isTold || isInner(relation)) return [];
    const lsn = work.firstLsn ?? at.lsn;
    return [{ kind: 'drop' as const, relation, file: undefined, oid, name: undefined, rows: undefined, lsn }];
  });
}
