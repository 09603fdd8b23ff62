/**
 * What one transaction did, as SQL reported it: the oracle's side of a list of transactions read from WAL.
 *
 * @module
 */

/** Rows of one table. */
export interface TableRows {
  inserted: number;
  updated: number;
  /** Of the updated; counted for tables of {@link HOT_COUNTED} only. */
  hotUpdated: number;
  deleted: number;
  /** Moved here from, or from here to, another partition by an UPDATE; not in the counts above. */
  movedIn: number;
  movedOut: number;
}

/** Tables whose every UPDATE is asked how many of its rows were HOT. */
export const HOT_COUNTED: ReadonlySet<string> = new Set(['shop.orders']);

/** What happened to a relation or database as a whole. */
export interface OracleDefinition {
  readonly kind: string;
  /** `schema.name`, or a database's name; `undefined` where the thing has none. */
  readonly name: string | undefined;
  /** Rows that it wrote, where SQL says. */
  readonly rows: number | undefined;
}

const NO_ROWS: TableRows = { inserted: 0, updated: 0, hotUpdated: 0, deleted: 0, movedIn: 0, movedOut: 0 };

/** Collects what the statements of a transaction, or of one of its savepoints, report. */
export class Ledger {
  readonly rows = new Map<string, TableRows>();
  readonly definitions: OracleDefinition[] = [];
  /** Numbers seen on rows that it wrote: the top transaction's or a subtransaction's. */
  readonly xids = new Set<number>();

  /** Adds to a table's counts. A table that nothing happened to is not listed. */
  add(table: string, counts: Partial<TableRows>): void {
    if (Object.values(counts).every((count) => count === 0)) return;
    const sum = this.rows.get(table) ?? { ...NO_ROWS };
    sum.inserted += counts.inserted ?? 0;
    sum.updated += counts.updated ?? 0;
    sum.hotUpdated += counts.hotUpdated ?? 0;
    sum.deleted += counts.deleted ?? 0;
    sum.movedIn += counts.movedIn ?? 0;
    sum.movedOut += counts.movedOut ?? 0;
    this.rows.set(table, sum);
  }

  define(kind: string, name?: string, rows?: number): void {
    this.definitions.push({ kind, name, rows });
  }

  /** Takes over what a released savepoint did. */
  merge(inner: Ledger): void {
    for (const [table, rows] of inner.rows) this.add(table, rows);
    this.definitions.push(...inner.definitions);
    for (const xid of inner.xids) this.xids.add(xid);
  }
}

/** How a transaction ended; `open`: the server was stopped or killed before it did, or it is still prepared. */
export type OracleOutcome = 'commit' | 'abort' | 'commitPrepared' | 'abortPrepared' | 'open';

/** One transaction of the workload. */
export interface OracleTransaction {
  /** The top transaction's number, low 32 bits. */
  readonly xid: number;
  readonly database: string;
  readonly outcome: OracleOutcome;
  readonly gid: string | undefined;
  readonly rows: ReadonlyMap<string, TableRows>;
  readonly definitions: readonly OracleDefinition[];
  /** Subtransactions that are known to have stayed, and to have been rolled back. */
  readonly keptSubxids: readonly number[];
  readonly goneSubxids: readonly number[];
  /** What was sent, to find the cause of a difference. */
  readonly sql: readonly string[];
}

/** Statements outside a transaction block (VACUUM, CREATE DATABASE): any transactions with numbers in the range are theirs. */
export interface OracleSolo {
  readonly database: string;
  readonly fromXid: number;
  readonly toXid: number;
  readonly definitions: readonly OracleDefinition[];
  readonly sql: string;
}
