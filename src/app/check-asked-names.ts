/**
 * Whether the tables and databases that a log is asked for are known at all: an empty answer to a slip of the finger is read
 * as "nothing happened".
 *
 * @module
 */

import { Failure } from '../base/failure.ts';
import { nearestName } from '../base/nearest-name.ts';
import type { NameBook } from '../history/names/name-book.ts';
import { fullName, isMeant, type TablePattern } from '../history/table-pattern.ts';
import { timelineFlag } from '../history/target-words.ts';
import type { LogFilter } from './log-filter.ts';

/** The numbers of a file, which need no name. */
const FILE = /^\d+\/\d+\/\d+$/;

/** Names that are looked through for one that is near. */
type Names = Pick<NameBook, 'relations' | 'databases'>;

/**
 * The first of the asked names that nobody knows, as the failure that says so; `undefined` if all are known. Ask when all that
 * tells of names was read.
 *
 * @param timeline to be named in what is typed; `undefined`: it is chosen unasked.
 */
export function unknownName(
  names: Names,
  { tables, databases }: Pick<LogFilter, 'tables' | 'databases'>,
  timeline?: number,
): Failure | undefined {
  const line = timelineFlag(timeline);
  for (const name of databases) {
    if (![...names.databases()].some((one) => one.name === name || String(one.oid) === name)) {
      return unknownDatabase(names, name, line);
    }
  }
  const patterns = tables.filter(({ name }) => !FILE.test(name));
  if (patterns.length === 0) return undefined;
  const known = [...names.relations()];
  const unknown = patterns.find((pattern) => !known.some((relation) => isMeant(pattern, relation, undefined)));
  return unknown === undefined ? undefined : unknownTable(known.map(asNamed), unknown, line);
}

interface NamedRelation {
  readonly name: string;
  readonly full: string;
  readonly isCatalog: boolean;
}

function asNamed(relation: Parameters<typeof fullName>[0] & { readonly isCatalog: boolean }): NamedRelation {
  return { name: relation.name, full: fullName(relation), isCatalog: relation.isCatalog };
}

function asTyped({ database, schema, name }: TablePattern): string {
  return [database, schema, name].filter((part) => part !== undefined).join('.');
}

function unknownTable(known: readonly NamedRelation[], pattern: TablePattern, line: string): Failure {
  // The right name in another schema or database is nearer than any other.
  const elsewhere = known.find(({ name }) => name === pattern.name)?.full;
  const own = known.filter(({ isCatalog }) => !isCatalog).map(({ name }) => name);
  const near = elsewhere ?? nearestName(pattern.name, new Set(own));
  return new Failure('usage', {
    message: `cannot tell what happened to ${asTyped(pattern)}: no table of that name is known${near === undefined ? '' : `; ${near} is`}`,
    remedy:
      near === undefined
        ? `What there is:\n    walkback log --largest 10${line}\nNames that the archive does not know, a running server may:\n    walkback log --names-from live${line}`
        : `Ask for that one:\n    walkback log --table ${near}${line}`,
  });
}

function unknownDatabase(names: Names, asked: string, line: string): Failure {
  const known = new Set([...names.databases()].map(({ name }) => name));
  const near = nearestName(asked, known);
  return new Failure('usage', {
    message: `cannot tell what happened in the database ${asked}: none of that name is known${near === undefined ? '' : `; ${near} is`}`,
    remedy:
      near === undefined
        ? `Those that are known: ${[...known].join(', ')}.`
        : `Ask for that one:\n    walkback log --database ${near}${line}`,
  });
}
