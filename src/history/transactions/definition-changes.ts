/**
 * What a transaction did to relations and databases as a whole, put into words.
 *
 * Where rows of `pg_class` could not be followed, the files that go with the commit still tell of tables that were
 * dropped or got another file.
 *
 * @module
 */

import type { Lsn } from '../../postgres/lsn.ts';
import type { Relation } from '../names/relation-names.ts';
import type { EndedWork } from './ended-work.ts';
import { listedFates } from './listed-fates.ts';
import type { DefinitionChange } from './logged-transaction.ts';
import type { WholeChange } from './open-transactions.ts';
import { rootOf, type NamesAt } from './relation-changes.ts';
import type { FateKind, RelationFate } from './relation-fates.ts';
import { changesWithoutRows } from './unfollowed-changes.ts';

const KINDS: Readonly<Record<Exclude<FateKind, 'passing'>, DefinitionChange['kind']>> = {
  created: 'create',
  dropped: 'drop',
  truncated: 'truncate',
  rewritten: 'rewrite',
  refreshed: 'refresh',
  reindexed: 'reindex',
  renamed: 'rename',
  changed: 'alter',
};

const NOTHING = { relation: undefined, file: undefined, oid: undefined, name: undefined, rows: undefined };

/** True for most transactions: nothing that definitions are told by is there. */
function changesNoDefinition({ work, rows, fates, effects }: EndedWork): boolean {
  return (
    fates.all.length === 0 &&
    work.wholeChanges.length === 0 &&
    work.cutFiles.length === 0 &&
    work.truncatedOids.length === 0 &&
    effects.droppedFiles.length === 0 &&
    effects.droppedOids.length === 0 &&
    !rows.hasLargeObjects
  );
}

/** Puts them into words, in the order of their first records. */
export function definitionChanges(ended: EndedWork, at: NamesAt): DefinitionChange[] {
  if (changesNoDefinition(ended)) return [];
  const { work, rows, fates } = ended;
  const firstLsn = work.firstLsn ?? at.lsn;
  const ofFates = listedFates(fates)
    .map((fate) => ofFate(fate, ended))
    .filter((change) => change !== undefined);
  const all = [
    ...work.wholeChanges.map((change) => ofWhole(change, at)),
    ...ofFates,
    ...cutToNothing(ended, ofFates, at),
    ...changesWithoutRows(ended, at),
    ...(rows.hasLargeObjects ? [{ ...NOTHING, kind: 'largeObjects' as const, lsn: firstLsn }] : []),
  ];
  return all.map((change) => withRoot(change, at)).toSorted((a, b) => (a.lsn < b.lsn ? -1 : Number(a.lsn > b.lsn)));
}

function withRoot(change: DefinitionChange, at: NamesAt): DefinitionChange {
  const root = rootOf(change.relation, at);
  return root === undefined ? change : { ...change, root };
}

function ofWhole(change: WholeChange, { names, lsn }: NamesAt): DefinitionChange {
  const base = { ...NOTHING, lsn: change.lsn };
  switch (change.kind) {
    case 'databaseCreate':
    case 'databaseDrop': {
      const kind = change.kind === 'databaseCreate' ? 'createDatabase' : 'dropDatabase';
      return { ...base, kind, oid: change.databaseOid, name: names.databaseName(change.databaseOid, lsn) };
    }
    case 'tablespaceCreate':
    case 'tablespaceDrop': {
      const kind = change.kind === 'tablespaceCreate' ? 'createTablespace' : 'dropTablespace';
      return { ...base, kind, oid: change.tablespaceOid };
    }
  }
}

function ofFate(fate: RelationFate, { rows }: EndedWork): DefinitionChange | undefined {
  const { relation, before, lsn, databaseOid } = fate;
  if (fate.kind === 'passing' || relation === undefined) return undefined;
  const written = writtenRows(fate, rows.defining.get(fate) ?? 0);
  const kind = fate.kind === 'created' && written !== undefined ? 'createAs' : KINDS[fate.kind];
  const isRename = fate.kind === 'renamed';
  const newest = fate.newFilenodes.at(-1) ?? relation.filenode;
  return {
    kind,
    relation: isRename ? (before ?? relation) : relation,
    file: fileOf(relation, newest, databaseOid),
    oid: fate.oid,
    name: isRename ? relation.name : undefined,
    rows: written,
    lsn,
  };
}

function fileOf({ tablespaceOid }: Relation, filenode: number, databaseOid: number) {
  return filenode === 0 ? undefined : { tablespaceOid, databaseOid, filenode };
}

/** VACUUM FULL and CLUSTER write pages, not rows; rows of unlogged tables are not written to WAL at all. */
function writtenRows({ kind, relation }: RelationFate, counted: number): number | undefined {
  if (relation?.isUnlogged === true) return undefined;
  if (kind === 'refreshed') return counted;
  return counted > 0 && (kind === 'created' || kind === 'rewritten') ? counted : undefined;
}

/** TRUNCATE of a table that the same transaction made, or gave a new file: the file is cut to no blocks. */
function cutToNothing(ended: EndedWork, listed: readonly DefinitionChange[], at: NamesAt): DefinitionChange[] {
  const { work, fates } = ended;
  const truncated = new Set(
    listed.filter(({ kind }) => kind === 'truncate').map(({ relation }) => `${relation?.databaseOid} ${relation?.oid}`),
  );
  const changes: DefinitionChange[] = [];
  for (const { file, blocks } of work.cutFiles) {
    const fate = fates.ofNewFile(file);
    const { relation } = fate ?? {};
    // VACUUM cuts files, too, but only those of tables that were there before.
    if (blocks !== 0 || fate === undefined || fate.kind === 'passing' || relation === undefined) continue;
    const key = `${relation.databaseOid} ${relation.oid}`;
    if (relation.kind !== 'table' || relation.isCatalog || truncated.has(key)) continue;
    truncated.add(key);
    changes.push(truncateOf(relation, file, fate.lsn));
  }
  for (const oid of work.truncatedOids) {
    const { databaseOid } = ended;
    const relation = databaseOid === undefined ? undefined : at.names.ofOid(databaseOid, oid, at.lsn);
    const isToldAlready = relation !== undefined && truncated.has(`${relation.databaseOid} ${relation.oid}`);
    // A partitioned table has no file; it is named beside its partitions.
    if (relation === undefined || isToldAlready || relation.kind !== 'table') continue;
    changes.push(truncateOf(relation, undefined, work.firstLsn ?? at.lsn));
  }
  return changes;
}

function truncateOf(relation: Relation, file: DefinitionChange['file'], lsn: Lsn): DefinitionChange {
  return { ...NOTHING, kind: 'truncate', relation, file, oid: relation.oid, lsn };
}
