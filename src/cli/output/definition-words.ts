/**
 * What was done to definitions, in the words of SQL: `DROP TABLE orders`, `CREATE TABLE lines, 2 indexes`.
 *
 * @module
 */

import { isDestructive } from '../../app/transaction-size.ts';
import type { RelationKind } from '../../history/names/relation-names.ts';
import type { DefinitionChange } from '../../history/transactions/logged-transaction.ts';
import { countOf, formatCount } from './format.ts';
import { relationName } from './relation-words.ts';
import { shownName } from './shown-name.ts';

const KIND_WORDS: Readonly<Record<RelationKind, string>> = {
  table: 'TABLE',
  partitionedTable: 'TABLE',
  index: 'INDEX',
  partitionedIndex: 'INDEX',
  toast: 'TOAST TABLE',
  materializedView: 'MATERIALIZED VIEW',
  sequence: 'SEQUENCE',
  view: 'VIEW',
  compositeType: 'TYPE',
  foreignTable: 'FOREIGN TABLE',
};

/** Relations that belong to a table and go with it. */
const COMPANIONS: ReadonlyMap<string, readonly [string, string]> = new Map([
  ['INDEX', ['index', 'indexes']],
  ['SEQUENCE', ['sequence', 'sequences']],
  ['TOAST TABLE', ['TOAST table', 'TOAST tables']],
  ['TYPE', ['type', 'types']],
]);

function verbOf(kind: DefinitionChange['kind'], thing: string): string {
  switch (kind) {
    case 'create':
      return `CREATE ${thing}`;
    case 'createAs':
      return `CREATE ${thing}`;
    case 'truncate':
      return 'TRUNCATE';
    case 'drop':
      return `DROP ${thing}`;
    case 'rewrite':
      return 'rewrote';
    case 'refresh':
      return 'REFRESH';
    case 'rename':
      return `RENAME ${thing}`;
    case 'reindex':
      return 'REINDEX';
    case 'alter':
      return `ALTER ${thing}`;
    case 'createDatabase':
      return 'CREATE DATABASE';
    case 'dropDatabase':
      return 'DROP DATABASE';
    case 'createTablespace':
      return 'CREATE TABLESPACE';
    case 'dropTablespace':
      return 'DROP TABLESPACE';
    case 'largeObjects':
      return 'large objects';
  }
}

const thingOf = ({ relation }: DefinitionChange): string =>
  relation === undefined ? 'TABLE' : KIND_WORDS[relation.kind];

function nameOf({ kind, relation, file, name, oid }: DefinitionChange): string {
  if (kind === 'largeObjects') return '';
  if (kind === 'rename' && relation !== undefined && name !== undefined && name !== relation.name) {
    return `${relationName(relation, file)} to ${shownName(name)}`;
  }
  if (relation !== undefined) return relationName(relation, file);
  if (name !== undefined) return shownName(name);
  return file === undefined ? `number ${oid ?? 'unknown'}` : relationName(undefined, file);
}

function withRows({ kind, rows, relation }: DefinitionChange): string {
  if (relation?.isUnlogged === true) return ' (unlogged: its rows are not in the WAL)';
  if (kind === 'createAs') return ` AS SELECT${rows === undefined ? '' : ` +${formatCount(rows)}`}`;
  return rows === undefined ? '' : ` (${countOf(rows, 'row')})`;
}

/** One phrase of a line. */
export interface Phrase {
  readonly text: string;
  /** Rows are gone with it. */
  readonly isLoss: boolean;
}

/** Phrases for definitions, those that lose rows first. Indexes and the like are counted where a table is named beside them. */
export function definitionPhrases(definitions: readonly DefinitionChange[]): Phrase[] {
  const byVerb = Map.groupBy(definitions, (one) => one.kind);
  const phrases = [...byVerb.values()].flatMap(phrasesOfKind);
  return [...phrases.filter(({ isLoss }) => isLoss), ...phrases.filter(({ isLoss }) => !isLoss)];
}

function phrasesOfKind(definitions: readonly DefinitionChange[]): Phrase[] {
  const leading = definitions.filter((one) => !COMPANIONS.has(thingOf(one)));
  const named = leading.length === 0 ? definitions : leading;
  const counted = leading.length === 0 ? [] : definitions.filter((one) => COMPANIONS.has(thingOf(one)));
  const byVerb = Map.groupBy(named, (one) => verbOf(one.kind, thingOf(one)));
  const phrases = [...byVerb].map(([verb, ones]) => ({
    text: `${verb} ${ones.map((one) => `${nameOf(one)}${withRows(one)}`).join(', ')}`.trimEnd(),
    isLoss: ones.some(isDestructive),
  }));
  const companions = [...Map.groupBy(counted, thingOf)].flatMap(([thing, ones]) => {
    const [noun, plural] = COMPANIONS.get(thing) ?? ['', ''];
    // TOAST tables are within their table; counting them would only puzzle.
    return thing === 'TOAST TABLE' ? [] : [countOf(ones.length, noun, plural)];
  });
  const [first, ...rest] = phrases;
  if (first === undefined || companions.length === 0) return phrases;
  return [{ ...first, text: `${first.text} with ${companions.join(', ')}` }, ...rest];
}
