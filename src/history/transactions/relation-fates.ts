/**
 * What one transaction made of each relation whose catalog row it changed, and which files it gave to which.
 *
 * A rewrite (VACUUM FULL, CLUSTER, ALTER TABLE, REFRESH) fills the file of a passing relation, `pg_temp_<oid>`, then swaps
 * the two files and drops it. TRUNCATE and REINDEX give a new file to the relation itself.
 *
 * Source: `src/backend/commands/cluster.c` (`make_new_heap`, `finish_heap_swap`), `src/backend/utils/cache/relcache.c`
 * (`RelationSetNewRelfilenumber`), `src/backend/commands/matview.c`.
 *
 * @module
 */

import type { Lsn } from '../../postgres/lsn.ts';
import type { RelationFile } from '../../postgres/relation-file.ts';
import type { RelationOid } from '../../postgres/wal-records/wal-event.ts';
import type { Relation, RelationNames } from '../names/relation-names.ts';
import type { RelationTransition } from '../names/relation-transitions.ts';

/**
 * - `passing`: the transaction made it and dropped it again, or it is temporary. What was written into it is gone, or is
 *   another's.
 * - `changed`: its row of the catalog was, and nothing that is told apart.
 */
export type FateKind =
  | 'created'
  | 'dropped'
  | 'truncated'
  | 'rewritten'
  | 'refreshed'
  | 'reindexed'
  | 'renamed'
  | 'changed'
  | 'passing';

/** What became of one relation. */
export interface RelationFate {
  readonly kind: FateKind;
  readonly databaseOid: number;
  readonly oid: number;
  /** As the transaction left it; for those that are gone as it was. */
  readonly relation: Relation | undefined;
  /** As it was before; `undefined` for new ones, and if that is not known. */
  readonly before: Relation | undefined;
  /** Files that it got from the transaction. */
  readonly newFilenodes: readonly number[];
  /** The first record of it. */
  readonly lsn: Lsn;
}

/** The fates of one transaction. */
export interface RelationFates {
  readonly all: readonly RelationFate[];
  /** The relation that got this file from the transaction. */
  ofNewFile(file: RelationFile): RelationFate | undefined;
  /** It was the file of a relation that the transaction rewrote. */
  isSwappedOut(file: RelationFile): boolean;
  ofOid(databaseOid: number, oid: number): RelationFate | undefined;
}

/** What there is to tell them by. */
export interface FateEvidence {
  readonly transitions: readonly RelationTransition[];
  /** Relations whose statistics go with the transaction. */
  readonly droppedOids: readonly RelationOid[];
  /** Files that the transaction made after it had a number. */
  readonly createdFiles: readonly { readonly file: RelationFile }[];
  /** It may have begun before what was read. */
  readonly isIncomplete: boolean;
  readonly names: RelationNames;
  /** The end of the transaction. */
  readonly lsn: Lsn;
}

const PASSING_NAME = /^pg_temp_(\d+)$/;
/** `FirstNormalObjectId`. */
const FIRST_NORMAL_OID = 16384;

/** The oid of the relation that a passing one of this name is made for. */
export function passingFor(name: string | undefined): number | undefined {
  const digits = PASSING_NAME.exec(name ?? '')?.[1];
  return digits === undefined ? undefined : Number(digits);
}

const keyOf = (databaseOid: number, number: number): string => `${databaseOid}/${number}`;

/** Those of a transaction that changed no catalog row of a relation, as most do not. */
const NO_FATES: RelationFates = {
  all: [],
  isSwappedOut: () => false,
  ofNewFile: () => undefined,
  ofOid: () => undefined,
};

/** Tells them. */
export function relationFates(evidence: FateEvidence): RelationFates {
  // Without a transition there is no rewrite, either.
  if (evidence.transitions.length === 0) return NO_FATES;
  const rewrites = findRewrites(evidence);
  const made = new Set(evidence.createdFiles.map(({ file }) => keyOf(file.databaseOid, file.filenode)));
  const all = evidence.transitions
    .map((transition) => fateOf(transition, rewrites, made, evidence))
    .filter((fate) => fate !== undefined);
  for (const [key, rewrite] of rewrites) {
    const isKnown = all.some(({ databaseOid, oid }) => keyOf(databaseOid, oid) === key);
    // Its own row could not be followed; the passing relation names it.
    if (!isKnown && !rewrite.isTemporary) all.push(fateByRewrite(rewrite, evidence));
  }
  return indexFates(all, [...rewrites.values()]);
}

function indexFates(all: readonly RelationFate[], rewrites: readonly Rewrite[]): RelationFates {
  const byOid = new Map(all.map((fate) => [keyOf(fate.databaseOid, fate.oid), fate]));
  const byFile = new Map<string, RelationFate>();
  // Those that pass come first: a relation that stays has the better claim on a file of both.
  for (const fate of all.toSorted((a, b) => Number(b.kind === 'passing') - Number(a.kind === 'passing'))) {
    for (const filenode of fate.newFilenodes) byFile.set(keyOf(fate.databaseOid, filenode), fate);
  }
  const old = new Set(
    rewrites.flatMap(({ databaseOid, oldFilenodes }) => oldFilenodes.map((filenode) => keyOf(databaseOid, filenode))),
  );
  return {
    all,
    isSwappedOut: ({ databaseOid, filenode }) => old.has(keyOf(databaseOid, filenode)),
    ofNewFile: ({ databaseOid, filenode }) => byFile.get(keyOf(databaseOid, filenode)),
    ofOid: (databaseOid, oid) => byOid.get(keyOf(databaseOid, oid)),
  };
}

/** A relation that was rewritten, by its passing relation. */
interface Rewrite {
  readonly databaseOid: number;
  readonly oid: number;
  /** What it was written into. */
  readonly filenodes: readonly number[];
  /** What it had before. */
  readonly oldFilenodes: readonly number[];
  /** REFRESH MATERIALIZED VIEW CONCURRENTLY: the passing one is compared with the relation, whose rows then change. */
  readonly isTemporary: boolean;
  readonly lsn: Lsn;
}

/** Of a catalog's rewrite the passing relation can be seen to come, and not to go: that is in the catalog's new file. */
function isPassing(
  { existedBefore, after, databaseOid, oid, last }: RelationTransition,
  { droppedOids }: Pick<FateEvidence, 'droppedOids'>,
): boolean {
  if (existedBefore) return false;
  const rewritten = passingFor(last?.name);
  const isDropped = droppedOids.some((one) => one.databaseOid === databaseOid && one.oid === oid);
  return after === undefined || (rewritten !== undefined && (isDropped || rewritten < FIRST_NORMAL_OID));
}

function findRewrites(evidence: FateEvidence): Map<string, Rewrite> {
  const rewrites = new Map<string, Rewrite>();
  for (const transition of evidence.transitions) {
    const { databaseOid, last, filenodes, isTemporary, lsn } = transition;
    const oid = passingFor(last?.name);
    if (oid === undefined || !isPassing(transition, evidence)) continue;
    const key = keyOf(databaseOid, oid);
    const known = rewrites.get(key);
    const filled = [...(known?.filenodes ?? []), ...filenodes.slice(0, 1)];
    const oldFilenodes = [...(known?.oldFilenodes ?? []), ...filenodes.slice(1)];
    rewrites.set(key, { databaseOid, oid, filenodes: filled, oldFilenodes, isTemporary, lsn });
  }
  return rewrites;
}

function fateByRewrite({ databaseOid, oid, filenodes, lsn }: Rewrite, { names, lsn: end }: FateEvidence): RelationFate {
  const relation = names.ofOid(databaseOid, oid, end);
  const kind = relation?.kind === 'materializedView' ? 'refreshed' : 'rewritten';
  return { kind, databaseOid, oid, relation, before: undefined, newFilenodes: filenodes, lsn };
}

function fateOf(
  transition: RelationTransition,
  rewrites: ReadonlyMap<string, Rewrite>,
  made: ReadonlySet<string>,
  evidence: FateEvidence,
): RelationFate | undefined {
  const { databaseOid, oid, existedBefore, before, after, last, isTemporary, filenodes, lsn } = transition;
  const common = { databaseOid, oid, before, lsn };
  if (isTemporary || isPassing(transition, evidence)) {
    // The passing relation of a rewrite has the old file of the other behind the swap.
    const own = passingFor(last?.name) === undefined ? filenodes : filenodes.slice(0, 1);
    return { ...common, kind: 'passing', relation: last, newFilenodes: own };
  }
  if (!existedBefore) return { ...common, kind: 'created', relation: after, newFilenodes: filenodes };
  // What it was before is not always known, and then neither is whether a number is new.
  const isNew = (filenode: number): boolean =>
    evidence.isIncomplete || before !== undefined || made.has(keyOf(databaseOid, filenode));
  const newFilenodes = filenodes.filter(isNew);
  if (after === undefined) return { ...common, kind: 'dropped', relation: before ?? last, newFilenodes };
  const rewrite = rewrites.get(keyOf(databaseOid, oid));
  const kind = kindOfKept(after, { before, newFilenodes, rewrite });
  return kind === undefined ? undefined : { ...common, kind, relation: after, newFilenodes };
}

interface KeptEvidence {
  readonly before: Relation | undefined;
  readonly newFilenodes: readonly number[];
  readonly rewrite: Rewrite | undefined;
}

function kindOfKept(after: Relation, { before, newFilenodes, rewrite }: KeptEvidence): FateKind | undefined {
  const isView = after.kind === 'materializedView';
  if (rewrite !== undefined && !rewrite.isTemporary) return isView ? 'refreshed' : 'rewritten';
  if (rewrite !== undefined && isView) return undefined;
  if (newFilenodes.length > 0) {
    if (after.kind === 'index') return 'reindexed';
    if (after.kind === 'sequence') return 'changed';
    const hasMoved = before !== undefined && before.tablespaceOid !== after.tablespaceOid;
    return hasMoved || isView ? 'rewritten' : 'truncated';
  }
  return before !== undefined && before.name !== after.name ? 'renamed' : 'changed';
}
