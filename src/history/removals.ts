/**
 * Transactions that removed a table, or rows of it: what a target just before that can mean.
 *
 * @module
 */

import type { Lsn } from '../postgres/lsn.ts';
import type { Relation } from './names/relation-names.ts';
import { fullName, isMeant, parseTablePattern, type TablePattern } from './table-pattern.ts';
import type { DefinitionChange, LoggedTransaction, RelationChange } from './transactions/logged-transaction.ts';

/** Just before a table was dropped, or before rows of it were last deleted; `table` as it was typed. */
export interface RemovalTarget {
  readonly kind: 'beforeDrop' | 'beforeDelete';
  readonly table: string;
}

/** A transaction that may be meant. */
export interface Removal {
  readonly xid: number;
  readonly timeUs: bigint;
  readonly lsn: Lsn;
  /** TRUNCATE removes rows too, and nobody has counted them. */
  readonly what: 'drop' | 'delete' | 'truncate';
  /** Deleted rows; those of partitions together. */
  readonly rows: number | undefined;
  /** The share of the table, 0 to 1, where it is known; not for partitions together. */
  readonly share: number | undefined;
  /** `shop.public.orders`, or the numbers of its file. */
  readonly tables: readonly string[];
  /** It may have deleted more, before what was read. */
  readonly isIncomplete: boolean;
}

/** How many are kept: the last, and the largest of those before. */
const MOST_KEPT = 10;

/** Looks for them. Give it transactions in the order of the log. */
export class RemovalSearch {
  readonly #kind: RemovalTarget['kind'];
  readonly #pattern: TablePattern;
  #kept: Removal[] = [];
  /** All that were met. */
  count = 0;
  /** A transaction without a match that may have matched before what was read. */
  hasIncomplete = false;
  /** Transactions that removed something of a table whose name is not known: any may be meant. */
  nameless = 0;

  /** @throws {Failure} `usage` if the table's name is none. */
  constructor(target: RemovalTarget) {
    this.#kind = target.kind;
    this.#pattern = parseTablePattern(target.table, target.kind === 'beforeDrop' ? '--before-drop' : '--before-delete');
  }

  /** The last ones and the largest, in the order of the log. */
  get kept(): readonly Removal[] {
    return this.#kept;
  }

  take(transaction: LoggedTransaction): void {
    if (transaction.outcome !== 'commit' && transaction.outcome !== 'commitPrepared') return;
    const found = this.#kind === 'beforeDrop' ? this.#dropIn(transaction) : this.#deleteIn(transaction);
    if (found === undefined) {
      if (transaction.isIncomplete) this.hasIncomplete = true;
      if (this.#hasNameless(transaction)) this.nameless += 1;
      return;
    }
    this.count += 1;
    this.#kept.push(found);
    if (this.#kept.length > MOST_KEPT) this.#dropSmallest();
  }

  /** The last one stays whatever it did. */
  #dropSmallest(): void {
    const earlier = this.#kept.slice(0, -1);
    const smallest = earlier.toSorted((a, b) => weightOf(a) - weightOf(b) || Number(a.lsn - b.lsn))[0];
    this.#kept = this.#kept.filter((one) => one !== smallest);
  }

  #dropIn(transaction: LoggedTransaction): Removal | undefined {
    const drops = transaction.definitions.filter(
      ({ kind, relation, file }) => kind === 'drop' && isMeant(this.#pattern, relation, file),
    );
    return drops.length === 0 ? undefined : removal(transaction, 'drop', drops, undefined);
  }

  #deleteIn(transaction: LoggedTransaction): Removal | undefined {
    const deletes = transaction.changes.filter((one) => one.deleted > 0 && this.#isMeant(one));
    const truncates = transaction.definitions.filter((one) => one.kind === 'truncate' && this.#isMeant(one));
    if (truncates.length > 0) return removal(transaction, 'truncate', [...truncates, ...deletes], undefined);
    if (deletes.length === 0) return undefined;
    return removal(
      transaction,
      'delete',
      deletes,
      deletes.reduce((sum, { deleted }) => sum + deleted, 0),
    );
  }

  #hasNameless({ changes, definitions }: LoggedTransaction): boolean {
    const kinds = this.#kind === 'beforeDrop' ? ['drop'] : ['truncate'];
    const isNameless = definitions.some(({ kind, relation }) => relation === undefined && kinds.includes(kind));
    if (isNameless || this.#kind === 'beforeDrop') return isNameless;
    return changes.some(({ relation, deleted }) => relation === undefined && deleted > 0);
  }

  #isMeant({ relation, root, file }: RelationChange | DefinitionChange): boolean {
    return isMeant(this.#pattern, relation, file) || isMeant(this.#pattern, root, undefined);
  }
}

function weightOf({ rows }: Removal): number {
  return rows ?? Number.POSITIVE_INFINITY;
}

function removal(
  { xid, timeUs, lsn, isIncomplete }: LoggedTransaction,
  what: Removal['what'],
  parts: readonly (DefinitionChange | RelationChange)[],
  rows: number | undefined,
): Removal {
  const [first] = parts;
  const share = parts.length === 1 && first !== undefined && 'deletedShare' in first ? first.deletedShare : undefined;
  const tables = [...new Set(parts.map(nameOf))];
  return { xid, timeUs, lsn, what, rows, share, tables, isIncomplete };
}

function nameOf(part: DefinitionChange | RelationChange): string {
  const isDrop = 'kind' in part && part.kind === 'drop';
  const known: Relation | undefined = (isDrop ? undefined : part.root) ?? part.relation;
  if (known !== undefined) return fullName(known);
  const { file } = part;
  return file === undefined
    ? 'a table without a name'
    : `file ${file.tablespaceOid}/${file.databaseOid}/${file.filenode}`;
}
