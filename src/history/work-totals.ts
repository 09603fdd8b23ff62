/**
 * What any number of transactions did, table by table: sums in memory that grows with the tables, not with the transactions.
 *
 * Partitions are counted under their topmost table, a row that moved between them as one updated row.
 *
 * @module
 */

import { relationFileKey, type RelationFile } from '../postgres/relation-file.ts';
import type { Relation } from './names/relation-names.ts';
import type { DefinitionChange, LoggedTransaction, RelationChange } from './transactions/logged-transaction.ts';

/** Sums for one table. */
export interface TableTotals {
  /** What is known of it; `undefined`: only {@link file} is. */
  readonly relation: Relation | undefined;
  readonly file: RelationFile;
  /** How many transactions changed rows of it. */
  readonly transactions: number;
  readonly inserted: number;
  readonly updated: number;
  readonly deleted: number;
}

/** A definition, and the transaction that changed it. */
export interface LostDefinition {
  readonly definition: DefinitionChange;
  readonly transaction: Pick<LoggedTransaction, 'xid' | 'timeUs' | 'databaseName'>;
}

/** Adds up transactions. */
export class WorkTotals {
  readonly #mostDefinitions: number;
  readonly #tables = new Map<string, TableTotals>();
  /** In the order in which they came; bounded. */
  #definitions: LostDefinition[] = [];
  #definitionCount = 0;
  #isLowerBound = false;

  /** @param mostDefinitions how many are kept: those that remove most, and of these the first; the others are counted. */
  constructor(mostDefinitions: number) {
    this.#mostDefinitions = mostDefinitions;
  }

  /** Tables of which rows changed, those with the most changed rows first. */
  get tables(): readonly TableTotals[] {
    return [...this.#tables.values()].toSorted((a, b) => rowsOf(b) - rowsOf(a));
  }

  /** Those that remove a database first, then a tablespace, tables, rows; then the others. */
  get definitions(): readonly LostDefinition[] {
    return this.#definitions.toSorted((a, b) => weightOf(b) - weightOf(a));
  }

  get definitionCount(): number {
    return this.#definitionCount;
  }

  /** True if a transaction began before what was read, and may have done more. */
  get isLowerBound(): boolean {
    return this.#isLowerBound;
  }

  add(transaction: LoggedTransaction): void {
    if (transaction.isIncomplete) this.#isLowerBound = true;
    for (const changes of Map.groupBy(transaction.changes, keyOf).values()) this.#addTable(changes);
    const told = new Set<string>();
    for (const definition of transaction.definitions.filter(isTold)) {
      // A transaction that did the same to the same thing twice did it once.
      const key = definitionKey(definition);
      if (!told.has(key)) this.#addDefinition({ definition, transaction });
      told.add(key);
    }
  }

  /** One that is lost with more must not be left out for one that is not. */
  #addDefinition(lost: LostDefinition): void {
    this.#definitionCount += 1;
    const kept = this.#definitions;
    if (kept.length >= this.#mostDefinitions) {
      const least = kept.reduce((lightest, one) => Math.min(lightest, weightOf(one)), Infinity);
      if (weightOf(lost) <= least) return;
      const place = kept.findLastIndex((one) => weightOf(one) === least);
      this.#definitions = kept.toSpliced(place, 1);
    }
    this.#definitions.push(lost);
  }

  #addTable(changes: readonly RelationChange[]): void {
    const [first] = changes;
    if (first === undefined) return;
    const key = keyOf(first);
    const before = this.#tables.get(key);
    const sum = (count: (change: RelationChange) => number): number =>
      changes.reduce((total, change) => total + count(change), 0);
    const moved = Math.max(
      sum(({ movedIn }) => movedIn),
      sum(({ movedOut }) => movedOut),
    );
    this.#tables.set(key, {
      relation: first.root ?? first.relation,
      file: first.file,
      transactions: (before?.transactions ?? 0) + 1,
      inserted: (before?.inserted ?? 0) + sum(({ inserted }) => inserted),
      updated: (before?.updated ?? 0) + sum(({ updated }) => updated) + moved,
      deleted: (before?.deleted ?? 0) + sum(({ deleted }) => deleted),
    });
  }
}

function keyOf({ root, relation, file }: RelationChange): string {
  const known = root ?? relation;
  return known === undefined ? relationFileKey(file) : `${known.databaseOid}:${known.oid}`;
}

function rowsOf({ inserted, updated, deleted }: TableTotals): number {
  return inserted + updated + deleted;
}

/** How much goes with it. */
const WEIGHTS: Readonly<Partial<Record<DefinitionChange['kind'], number>>> = {
  dropDatabase: 4,
  dropTablespace: 3,
  drop: 2,
  truncate: 1,
};

function weightOf({ definition }: LostDefinition): number {
  return WEIGHTS[definition.kind] ?? 0;
}

function definitionKey({ kind, relation, file, oid, name }: DefinitionChange): string {
  const what =
    relation === undefined
      ? file === undefined
        ? `${oid}`
        : relationFileKey(file)
      : `${relation.databaseOid}:${relation.oid}:${relation.name}`;
  return `${kind} ${what} ${name ?? ''}`;
}

/** Indexes, sequences, TOAST tables and row types come and go with their table, which is told. */
function isTold({ kind, relation }: DefinitionChange): boolean {
  if (kind === 'reindex') return false;
  if (relation === undefined) return true;
  return !['index', 'partitionedIndex', 'toast', 'sequence', 'compositeType'].includes(relation.kind);
}
