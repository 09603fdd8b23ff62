/**
 * The oracle: what every table must hold after each commit, kept beside the database by the workload that writes to it.
 *
 * It never asks the database for contents. It knows the order of commits because the workload lets one transaction
 * commit at a time (transactions still overlap), and it applies to its own model the changes it asked for.
 *
 * @module
 */

/** One row, as the texts of its columns after the key. */
export type ModelRow = readonly (string | null)[];

/** Table name → key → row. */
export type ModelState = ReadonlyMap<string, ReadonlyMap<number, ModelRow>>;

/** One change to the model. */
export type Change =
  | { readonly kind: 'put'; readonly table: string; readonly id: number; readonly row: ModelRow }
  | { readonly kind: 'remove'; readonly table: string; readonly id: number }
  | { readonly kind: 'createTable' | 'dropTable' | 'truncate' | 'addColumn'; readonly table: string };

/** A transaction that committed, in order of commit. */
export interface OracleCommit {
  /** Decimal, low 32 bits. */
  readonly xid: number;
  /** `pg_xact_commit_timestamp`, microseconds since the Unix epoch. */
  readonly timeUs: bigint;
  /** The insert position just before its COMMIT was asked for, as the server prints it. */
  readonly lsnBefore: string;
  /** The insert position just after, before any other transaction could commit. */
  readonly lsnAfter: string;
  /** A restore point made just after it, if one was. */
  readonly restorePoint: string | undefined;
  readonly changes: readonly Change[];
}

type MutableState = Map<string, Map<number, ModelRow>>;

function tableOf(state: MutableState, name: string): Map<number, ModelRow> {
  const table = state.get(name);
  if (table === undefined) throw new Error(`the oracle has no table ${name}`);
  return table;
}

function addColumn(table: Map<number, ModelRow>): void {
  for (const [id, row] of table) table.set(id, [...row, null]);
}

/** Applies one change in place. */
function apply(state: MutableState, change: Change): void {
  switch (change.kind) {
    case 'put':
      tableOf(state, change.table).set(change.id, change.row);
      break;
    case 'remove':
      tableOf(state, change.table).delete(change.id);
      break;
    case 'createTable':
      state.set(change.table, new Map());
      break;
    case 'dropTable':
      state.delete(change.table);
      break;
    case 'truncate':
      tableOf(state, change.table).clear();
      break;
    case 'addColumn':
      addColumn(tableOf(state, change.table));
      break;
  }
}

/** What every table holds after the first `count` commits. */
export function stateAfter(commits: readonly OracleCommit[], count: number): ModelState {
  const state: MutableState = new Map();
  for (const commit of commits.slice(0, count)) for (const change of commit.changes) apply(state, change);
  return state;
}

/** A connection to ask, as far as the oracle needs one. */
export interface Asked {
  query(text: string): Promise<{ rows: Record<string, unknown>[] }>;
}

const TABLES_QUERY =
  "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY 1";

async function readTable(asked: Asked, name: string): Promise<Map<number, ModelRow>> {
  const { rows } = await asked.query(`SELECT * FROM public.${name}`);
  return new Map(
    rows.map(({ id, ...others }) => [
      Number(id),
      Object.values(others).map((value) => (typeof value === 'string' ? value : null)),
    ]),
  );
}

function differencesOfTable(
  name: string,
  expected: ReadonlyMap<number, ModelRow>,
  found: ReadonlyMap<number, ModelRow>,
): string[] {
  const differences: string[] = [];
  for (const [id, row] of expected) {
    const other = found.get(id);
    if (other === undefined) differences.push(`${name}: row ${id} is missing`);
    else if (JSON.stringify(other) !== JSON.stringify(row)) differences.push(`${name}: row ${id} differs`);
  }
  for (const id of found.keys()) if (!expected.has(id)) differences.push(`${name}: row ${id} should not be there`);
  return differences;
}

/** Everything in which a database differs from the model; empty when it is equal. */
export async function differencesFrom(asked: Asked, expected: ModelState): Promise<string[]> {
  const { rows } = await asked.query(TABLES_QUERY);
  const found = new Set(rows.map((row) => String(row['relname'])));
  const differences = [...found]
    .filter((name) => !expected.has(name))
    .map((name) => `table ${name} should not be there`);
  for (const [name, table] of expected) {
    if (found.has(name)) differences.push(...differencesOfTable(name, table, await readTable(asked, name)));
    else differences.push(`table ${name} is missing`);
  }
  return differences;
}
