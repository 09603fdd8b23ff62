/**
 * Which of the transactions that removed a table, or rows of it, is meant; or why that cannot be told.
 *
 * A table that was dropped more than once: before the last time. Rows that were deleted by more than one transaction: nobody
 * but the operator knows which of them was the mistake.
 *
 * @module
 */

import { Failure } from '../base/failure.ts';
import type { RecoveryTarget } from '../postgres/recovery-target.ts';
import { formatTimeUs } from '../postgres/timestamp.ts';
import type { Removal, RemovalTarget } from './removals.ts';
import { shareOfWords } from './share-percent.ts';
import { timelineFlag } from './target-words.ts';

/** What was found, and where it was looked for. */
export interface FoundRemovals {
  readonly kept: readonly Removal[];
  readonly count: number;
  /** Names of tables were known, from a snapshot of the catalogs or a server. */
  readonly hasNames: boolean;
  /** When the span that was read begins and ends. */
  readonly fromUs: bigint | undefined;
  readonly toUs: bigint | undefined;
  /** Why there may be others, a sentence each. */
  readonly doubts?: readonly string[];
  /** To be named in lines to type: whose line was read, where there are several. */
  readonly timeline?: number | undefined;
}

/** Asks the operator; `undefined`: nobody could be asked, or there was no answer. */
export type AskWhich = (asked: RemovalTarget, found: FoundRemovals) => Promise<Removal | undefined>;

/** `just before orders was dropped`. */
export function describeRemovalTarget({ kind, table }: RemovalTarget): string {
  return kind === 'beforeDrop' ? `just before ${table} was dropped` : `just before rows of ${table} were deleted`;
}

/** `-48,211 rows, 96 % of the table`, `TRUNCATE`, `DROP TABLE`. */
export function describeRemoval({ what, rows, share, isIncomplete }: Removal): string {
  if (what === 'drop') return 'DROP TABLE';
  if (what === 'truncate') return 'TRUNCATE';
  const counted = `-${(rows ?? 0).toLocaleString('en-US')} ${rows === 1 ? 'row' : 'rows'}`;
  const least = isIncomplete ? ' at least' : '';
  return share === undefined ? `${counted}${least}` : `${counted}${least}, ${shareOfWords(share, 'table')}`;
}

/** The target that a removal stands for. */
export function targetBefore({ xid }: Removal): RecoveryTarget {
  return { kind: 'transaction', xid, side: 'before' };
}

/**
 * The one that is meant.
 *
 * @throws {Failure} `refused` if there is none, or tables of several databases or schemas are meant, or several
 *   transactions deleted rows and nobody says which; with each as a line to type.
 */
export async function chooseRemoval(asked: RemovalTarget, found: FoundRemovals, ask?: AskWhich): Promise<Removal> {
  const last = found.kept.at(-1);
  if (last === undefined) throw noneFound(asked, found);
  const tables = [...new Set(found.kept.flatMap((one) => one.tables))];
  if (tables.length > 1) throw severalTables(asked, found, tables);
  if (found.count === 1 || asked.kind === 'beforeDrop') return last;
  const answer = await ask?.(asked, found);
  if (answer === undefined) throw severalRemovals(asked, found, last);
  return answer;
}

function refusal(asked: RemovalTarget, message: string, remedy: string, facts: readonly string[] = []): Failure {
  return new Failure('refused', {
    message: `cannot recover to ${describeRemovalTarget(asked)}: ${message}`,
    remedy,
    facts,
  });
}

function noneFound(asked: RemovalTarget, found: FoundRemovals): Failure {
  const did = asked.kind === 'beforeDrop' ? 'dropped a table of that name' : 'deleted from a table of that name';
  const span =
    found.fromUs === undefined || found.toUs === undefined
      ? 'in the WAL that can be replayed'
      : `between ${formatTimeUs(found.fromUs)} and ${formatTimeUs(found.toUs)}`;
  const operation = asked.kind === 'beforeDrop' ? 'drop' : 'delete';
  const doubts = found.doubts ?? [];
  const facts = found.hasNames
    ? doubts
    : [
        ...doubts,
        'No names of tables are known: there is no snapshot of the catalogs, and the server could not be asked.',
      ];
  const line = timelineFlag(found.timeline);
  const remedy = `All such transactions, with what they did:\n    walkback log --op ${operation}${line}`;
  return refusal(asked, `no transaction ${span} ${did}`, remedy, facts);
}

/** One line for each: `601762  2026-06-05T15:02:11.620113Z  -48,211 rows`. */
function listed(found: FoundRemovals): string[] {
  const lines = found.kept.map((one) => `${one.xid}  ${formatTimeUs(one.timeUs)}  ${describeRemoval(one)}`);
  const more = found.count - found.kept.length;
  return more === 0 ? lines : [...lines, `and ${more.toLocaleString('en-US')} more, smaller ones`];
}

function severalTables(asked: RemovalTarget, found: FoundRemovals, tables: readonly string[]): Failure {
  const flag = asked.kind === 'beforeDrop' ? '--before-drop' : '--before-delete';
  const line = timelineFlag(found.timeline);
  const lines = tables.map(
    (table) => `    walkback recover plan ${flag} '${table.replaceAll("'", String.raw`'\''`)}'${line}`,
  );
  return refusal(
    asked,
    `${tables.length} tables have that name`,
    `Name one of them whole:\n${lines.join('\n')}`,
    listed(found),
  );
}

function severalRemovals(asked: RemovalTarget, found: FoundRemovals, last: Removal): Failure {
  const way = (label: string, one: Removal): string =>
    `${label} (${describeRemoval(one)}):\n    walkback recover plan --before-xid ${one.xid}${timelineFlag(found.timeline)}`;
  const largest = found.kept.reduce(
    (most, one) => ((one.rows ?? Infinity) > (most.rows ?? Infinity) ? one : most),
    last,
  );
  const ways = [way('The last', last), ...(largest === last ? [] : [way('The largest', largest)])];
  const removed = found.kept.every(({ what }) => what === 'delete')
    ? 'deleted from it'
    : 'deleted from it or truncated it';
  return refusal(
    asked,
    `${found.count.toLocaleString('en-US')} transactions ${removed}`,
    ways.join('\n'),
    listed(found),
  );
}
