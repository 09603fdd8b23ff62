/**
 * What a plan loses, in words: `1,204 later transactions: 41 in orders (+41), 12 in invoices (+9 -3); DROP TABLE carts`.
 *
 * @module
 */

import type {
  Plan,
  PlannedDefinition,
  PlannedLosses,
  PlannedTable,
  PlannedTransaction,
  PlannedWork,
} from '../../recovery/plan-value.ts';
import { timelineFlag } from '../../history/target-words.ts';
import { formatTimeUs } from '../../postgres/timestamp.ts';
import { countOf, formatCount, shortTime } from './format.ts';
import type { Screen } from './screen.ts';
import { shownName } from './shown-name.ts';
import { fitPhrases } from './transaction-words.ts';

const MOST_TABLES = 6;
const MOST_DEFINITIONS = 4;

/** `orders`, `audit.orders`, with its database where tables of several are told. */
function tableName(
  { database, schema, name }: Pick<PlannedTable, 'database' | 'schema' | 'name'>,
  isNamed: boolean,
  withDatabase: boolean,
): string {
  if (!isNamed) return `file ${name}`;
  const inSchema = schema === null || schema === 'public' ? [] : [shownName(schema)];
  const inDatabase = database === null || !withDatabase ? [] : [shownName(database)];
  // With its database, a name has its schema too: two parts would be read as schema and table.
  const schemaPart = inDatabase.length > 0 && schema !== null ? [shownName(schema)] : inSchema;
  return [...inDatabase, ...schemaPart, shownName(name)].join('.');
}

/** `+31 ~4 -2`. */
export function rowsText({
  inserted,
  updated,
  deleted,
}: Pick<PlannedTable, 'inserted' | 'updated' | 'deleted'>): string {
  const signed = (sign: string, count: number) => (count === 0 ? [] : [`${sign}${formatCount(count)}`]);
  return [...signed('+', inserted), ...signed('~', updated), ...signed('-', deleted)].join(' ');
}

const VERBS: Readonly<Record<string, string>> = {
  create: 'CREATE',
  createAs: 'CREATE',
  truncate: 'TRUNCATE',
  drop: 'DROP',
  rewrite: 'rewrote',
  refresh: 'REFRESH',
  rename: 'RENAME',
  alter: 'ALTER',
  createDatabase: 'CREATE DATABASE',
  dropDatabase: 'DROP DATABASE',
  createTablespace: 'CREATE TABLESPACE',
  dropTablespace: 'DROP TABLESPACE',
};

function definitionText({ kind, schema, name }: PlannedDefinition): string {
  if (kind === 'largeObjects') return 'large objects';
  const inSchema = schema === null || schema === 'public' ? '' : `${shownName(schema)}.`;
  return `${VERBS[kind] ?? kind} ${inSchema}${shownName(name)}`;
}

function databasesOf({ tables }: PlannedWork): number {
  return new Set(tables.map(({ database }) => database)).size;
}

/** What one transaction did, as phrases: `orders -48,211`, `DROP carts`. */
function phrasesOf(did: PlannedWork): string[] {
  const definitions = did.definitions.map(definitionText);
  const tables = did.tables.map((table) => `${tableName(table, table.isNamed, false)} ${rowsText(table)}`.trimEnd());
  const others = did.otherTables + did.otherDefinitions;
  return [...definitions, ...tables, ...(others === 0 ? [] : [`${formatCount(others)} more`])];
}

/** What a transaction beside the target did, in at most `width` columns; empty where that is not known. */
export function didText({ did }: PlannedTransaction, width: number, screen: Screen): string {
  if (did === undefined || width < 10) return '';
  const phrases = phrasesOf(did);
  if (phrases.length === 0) return 'no rows';
  const least = did.isLowerBound ? ' (at least)' : '';
  return `${fitPhrases(phrases, width - least.length, screen.hasUnicode ? '…' : '~')}${least}`;
}

/** What is told whatever there is besides: nothing else that a person may miss is as large. */
const ALWAYS_TOLD: ReadonlySet<string> = new Set(['dropDatabase', 'dropTablespace']);

/** Each once, with how often; the first few, and how many definitions these are. */
function definitionTexts(definitions: readonly PlannedDefinition[]): { texts: string[]; toldCount: number } {
  const groups = [...Map.groupBy(definitions, definitionText)];
  const told = groups.filter(([, [first]], place) => place < MOST_DEFINITIONS || ALWAYS_TOLD.has(first?.kind ?? ''));
  return {
    texts: told.map(([text, ones]) => (ones.length === 1 ? text : `${text} (${ones.length} times)`)),
    toldCount: told.reduce((sum, [, ones]) => sum + ones.length, 0),
  };
}

/** The tables and definitions that are lost, in one sentence. */
function whatIsLost(losses: PlannedLosses): string {
  const withDatabase = databasesOf(losses) > 1;
  const tables = losses.tables
    .slice(0, MOST_TABLES)
    .map(
      (table) =>
        `${formatCount(table.transactions)} in ${tableName(table, table.isNamed, withDatabase)} (${rowsText(table)})`,
    );
  const moreTables = losses.tables.length - tables.length + losses.otherTables;
  const { texts: definitions, toldCount } = definitionTexts(losses.definitions);
  const moreDefinitions = losses.definitions.length - toldCount + losses.otherDefinitions;
  const inTables = [...tables, ...(moreTables === 0 ? [] : [`${countOf(moreTables, 'more table')}`])].join(', ');
  const ofDefinitions = [
    ...definitions,
    ...(moreDefinitions === 0 ? [] : [countOf(moreDefinitions, 'more definition')]),
  ].join(', ');
  return [inTables, ofDefinitions].filter((part) => part !== '').join('; ');
}

/** The lines behind `loses`. */
export function lossLines({ laterCommits, losses }: Plan, screen: Screen): string[] {
  const later = laterCommits === 0 ? 'nothing' : screen.paint(countOf(laterCommits, 'later transaction'), 'loss');
  if (losses === undefined || (laterCommits === 0 && losses.endsAt === null)) return [later];
  const what = whatIsLost(losses);
  const least = losses.isLowerBound ? ' (at least)' : '';
  const said =
    laterCommits === 0 ? later : `${later}${what === '' ? ', none of which changed a row' : `: ${what}${least}`}`;
  const { endsAt } = losses;
  const beyond =
    endsAt === null
      ? []
      : [
          `and what comes behind ${endsAt.lsn}, not counted: ${endsAt.because === 'hole' ? 'WAL is missing' : 'WAL is damaged'} there`,
        ];
  return [said, ...beyond];
}

/** The screen of `--losses`: each lost transaction in one line, as far as the plan holds them. */
export function lossesText({ losses, target, timelines = [] }: Plan, screen: Screen): string {
  if (losses === undefined) return 'What the lost transactions did is not in this plan: make a new one.\n';
  if (losses.first.length === 0) return 'No transaction behind the target changed a row.\n';
  const xidWidth = Math.max(...losses.first.map(({ xid }) => String(xid).length));
  const lines = losses.first.map((one) => {
    const head = `  ${shortTime(BigInt(one.timeUs), screen, 3)}  ${String(one.xid).padStart(xidWidth)}  `;
    return `${head}${didText(one, Math.max(20, screen.columns - head.length), screen)}`;
  });
  const more = losses.transactions - losses.first.length;
  const from = target.firstLost === null ? '' : ` --since ${formatTimeUs(BigInt(target.firstLost.timeUs))}`;
  const line = timelines.length > 1 ? timelineFlag(target.lineTimeline ?? target.timeline) : '';
  const rest = more <= 0 ? [] : [`  and ${formatCount(more)} more:`, `    walkback log${from}${line}`];
  return [`Lost, ${countOf(losses.transactions, 'transaction')} that changed something:`, ...lines, ...rest, ''].join(
    '\n',
  );
}
