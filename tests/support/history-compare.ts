/**
 * Compares a list of transactions that was read from WAL, as its JSON, with the oracle of the workload that made them.
 *
 * Rows must be equal in every count. Two things WAL does not tell, so neither does this: whether a new table was filled by
 * CREATE TABLE AS or by INSERTs behind CREATE TABLE, and which implicit indexes, TOAST tables and types came with a table.
 *
 * @module
 */

import type { transactionJson } from '../../src/cli/output/transaction-json.ts';
import { parseLsn } from '../../src/postgres/lsn.ts';
import { HOT_COUNTED, type OracleDefinition, type OracleSolo, type OracleTransaction } from './history-ledger.ts';
import { ROOTS } from './history-schema.ts';
import type { History } from './history-workload.ts';

/** A transaction as `walkback log --json` prints it. */
export type LoggedJson = ReturnType<typeof transactionJson>;

type ChangeJson = LoggedJson['changes'][number];
type DefinitionJson = LoggedJson['definitions'][number];

/** Relations that come along with a table or index, and are compared only where the workload made them by name. */
const COME_ALONG: ReadonlySet<string | null> = new Set([
  'index',
  'partitionedIndex',
  'toast',
  'sequence',
  'view',
  'compositeType',
]);

const nameOf = (schema: string | null, name: string | null): string =>
  schema === null ? (name ?? 'without a name') : `${schema}.${name}`;

/** One side of the comparison, as lines that are equal where the transaction is. */
type Lines = Map<string, string>;

function rowsLine(rows: { readonly [kind: string]: number }, isHotCounted: boolean): string {
  const kinds = ['inserted', 'updated', ...(isHotCounted ? ['hotUpdated'] : []), 'deleted', 'movedIn', 'movedOut'];
  return kinds.map((kind) => `${kind} ${rows[kind] ?? 0}`).join(', ');
}

function definitionLine(rows: number | undefined): string {
  return rows === undefined ? 'once' : `once, ${rows} rows`;
}

const isCreation = (kind: string): boolean => kind === 'create' || kind === 'createAs';

/** What the oracle says: the rows of tables that are new go to their creation. */
function expectedLines({ rows, definitions }: Pick<OracleTransaction, 'rows' | 'definitions'>): Lines {
  const lines: Lines = new Map();
  const created = new Set<string | undefined>();
  for (const { kind, name, rows: written } of definitions) {
    if (!isCreation(kind)) lines.set(`${kind} ${name ?? ''}`, definitionLine(written));
    else {
      created.add(name);
      const inserted = (written ?? 0) + (rows.get(name ?? '')?.inserted ?? 0);
      lines.set(`create ${name ?? ''}`, definitionLine(inserted));
    }
  }
  for (const [table, counts] of rows) {
    const kept = created.has(table) ? { ...counts, inserted: 0 } : { ...counts };
    if (Object.values(kept).some((count) => count !== 0)) {
      lines.set(`rows of ${table}`, rowsLine(kept, HOT_COUNTED.has(table)));
      if (ROOTS.has(table)) lines.set(`root of ${table}`, ROOTS.get(table) ?? '');
    }
  }
  return lines;
}

function changeLines(lines: Lines, change: ChangeJson, isCreated: boolean): void {
  const table = nameOf(change.schema, change.table ?? `file ${change.filenode}`);
  const { inserted, updated, hotUpdated, deleted, movedIn, movedOut } = change;
  const rows = { inserted: isCreated ? 0 : inserted, updated, hotUpdated, deleted, movedIn, movedOut };
  const isNothing = Object.values(rows).every((count) => count === 0);
  if (isNothing && isCreated) return;
  const key = `rows of ${table}`;
  lines.set(lines.has(key) ? `${key} (again)` : key, rowsLine(rows, HOT_COUNTED.has(table)));
  if (change.root !== null) lines.set(`root of ${table}`, nameOf(change.root.schema, change.root.table));
}

function isCompared(
  { kind, relationKind, schema, name }: DefinitionJson,
  expected: readonly OracleDefinition[],
): boolean {
  const full = nameOf(schema, name);
  return !COME_ALONG.has(relationKind) || expected.some((one) => one.kind === kind && one.name === full);
}

/** What the list says. Rows that a definition wrote are compared where the oracle knows them. */
function loggedLines(
  logged: Pick<LoggedJson, 'changes' | 'definitions'>,
  expected: readonly OracleDefinition[],
): Lines {
  const lines: Lines = new Map();
  const created = new Set<string>();
  for (const definition of logged.definitions.filter((one) => isCompared(one, expected))) {
    const { kind, schema, name, rows } = definition;
    const full = kind === 'largeObjects' ? '' : nameOf(schema, name);
    const known = expected.find((one) => one.kind === kind && (one.name ?? '') === full)?.rows;
    const key = `${isCreation(kind) ? 'create' : kind} ${full}`;
    if (isCreation(kind)) {
      created.add(full);
      const inserted = logged.changes
        .filter(({ schema: itsSchema, table }) => nameOf(itsSchema, table) === full)
        .reduce((sum, change) => sum + change.inserted, 0);
      lines.set(key, definitionLine((rows ?? 0) + inserted));
    } else
      lines.set(lines.has(key) ? `${key} (again)` : key, definitionLine(known === undefined ? undefined : (rows ?? 0)));
  }
  for (const change of logged.changes) changeLines(lines, change, created.has(nameOf(change.schema, change.table)));
  return lines;
}

function compareLines(expected: Lines, logged: Lines): string[] {
  const differences: string[] = [];
  for (const [what, line] of expected) {
    const other = logged.get(what);
    if (other !== line) differences.push(`${what}: SQL reported ${line}, the log has ${other ?? 'nothing'}`);
  }
  for (const [what, line] of logged)
    if (!expected.has(what)) differences.push(`${what}: SQL reported nothing, the log has ${line}`);
  return differences;
}

function compareTransaction(oracle: OracleTransaction, logged: LoggedJson): string[] {
  const differences: string[] = [];
  const expect = (what: string, expected: unknown, found: unknown): void => {
    if (expected !== found) differences.push(`${what}: expected ${String(expected)}, the log has ${String(found)}`);
  };
  expect('outcome', oracle.outcome === 'open' ? 'prepared' : oracle.outcome, logged.outcome);
  if (oracle.gid !== undefined) expect('gid', oracle.gid, logged.gid);
  if (oracle.outcome === 'abort' || oracle.outcome === 'abortPrepared') return differences;
  if (logged.changes.length + logged.definitions.length > 0 || oracle.rows.size > 0)
    expect('database', oracle.database, logged.database);
  expect('isIncomplete', false, logged.isIncomplete);
  for (const xid of oracle.keptSubxids) expect(`subtransaction ${xid} listed`, true, logged.subxids.includes(xid));
  for (const xid of oracle.goneSubxids) expect(`subtransaction ${xid} listed`, false, logged.subxids.includes(xid));
  return [...differences, ...compareLines(expectedLines(oracle), loggedLines(logged, oracle.definitions))];
}

const isIn = ({ fromXid, toXid }: OracleSolo, { xid }: LoggedJson): boolean => xid >= fromXid && xid < toXid;

/** The transactions of commands outside of blocks: no rows, and together what the commands define. */
function compareSolo(solo: OracleSolo, logged: readonly LoggedJson[]): string[] {
  const commits = logged.filter(({ outcome }) => outcome === 'commit');
  const together = {
    changes: commits.flatMap(({ changes }) => changes),
    definitions: commits.flatMap(({ definitions }) => definitions),
  };
  const expected = expectedLines({ rows: new Map(), definitions: solo.definitions });
  return compareLines(expected, loggedLines(together, solo.definitions)).map((one) => `${solo.sql}: ${one}`);
}

/** The oracle's transactions by number. A number that was given again after a crash is that of the one that ended. */
function byXid(history: History): Map<number, OracleTransaction> {
  const found = new Map<number, OracleTransaction>();
  for (const one of history.transactions) {
    const isPreparedOrEnded = one.outcome !== 'open' || one.gid !== undefined;
    if (isPreparedOrEnded) found.set(one.xid, one);
  }
  return found;
}

function sqlText(one: OracleTransaction): string {
  return one.sql.map((line) => `\n      ${line}`).join('');
}

/**
 * Every difference between a workload and the list of its transactions; empty if there is none.
 *
 * @param logged in order, with what was rolled back; transactions that ended before `fromLsn` are left out.
 */
export function compareHistory(history: History, logged: readonly LoggedJson[], fromLsn: string): string[] {
  const from = parseLsn(fromLsn) ?? 0n;
  const oracle = byXid(history);
  const rolledBackSubs = new Set(history.transactions.flatMap(({ goneSubxids }) => goneSubxids));
  const neverEnded = new Set(history.transactions.filter(({ outcome }) => outcome === 'open').map(({ xid }) => xid));
  const seen = new Set<number>();
  const soloParts = new Map<OracleSolo, LoggedJson[]>(history.solos.map((solo) => [solo, []]));
  const differences: string[] = [];
  let lastLsn = from;
  for (const one of logged) {
    const at = parseLsn(one.lsn) ?? 0n;
    if (at < from) continue;
    if (at < lastLsn) differences.push(`${one.xid}: at ${one.lsn}, listed behind a later one`);
    lastLsn = at;
    const expected = oracle.get(one.xid);
    const solo = history.solos.find((candidate) => isIn(candidate, one));
    if (expected !== undefined) {
      if (seen.has(one.xid)) differences.push(`${one.xid}: listed twice`);
      seen.add(one.xid);
      for (const difference of compareTransaction(expected, one))
        differences.push(`${one.xid} at ${one.lsn} in ${expected.database}: ${difference}${sqlText(expected)}`);
    } else if (solo !== undefined) soloParts.get(solo)?.push(one);
    else if (one.outcome !== 'abort')
      differences.push(`${one.xid} at ${one.lsn}: ${one.outcome} of no known transaction`);
    else if (one.isTopKnown && !neverEnded.has(one.xid)) {
      const what = rolledBackSubs.has(one.xid) ? 'a subtransaction' : 'no known transaction';
      differences.push(`${one.xid} at ${one.lsn}: listed as a whole transaction that was rolled back, but is ${what}`);
    }
  }
  for (const one of oracle.values())
    if (!seen.has(one.xid))
      differences.push(`${one.xid} in ${one.database}: ${one.outcome}, not listed${sqlText(one)}`);
  for (const [solo, parts] of soloParts) differences.push(...compareSolo(solo, parts));
  return differences;
}
