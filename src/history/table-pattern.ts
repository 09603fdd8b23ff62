/**
 * A table as an operator names it: `orders`, `public.orders`, `shop.public.orders`, parts in double quotes as SQL has them,
 * or the numbers of its file, `1663/16384/24576`, where it has no name.
 *
 * @module
 */

import { Failure } from '../base/failure.ts';
import { relationFileKey, type RelationFile } from '../postgres/relation-file.ts';
import type { Relation } from './names/relation-names.ts';

/** What the name says; `undefined` for what it leaves open. */
export interface TablePattern {
  readonly database: string | undefined;
  readonly schema: string | undefined;
  readonly name: string;
}

const FILE = /^\d+\/\d+\/\d+$/;
const PART = /"((?:[^"]|"")+)"|([^".]+)/y;

/** Reads a name. @throws {Failure} `usage` if it is none. */
export function parseTablePattern(text: string, flag: string): TablePattern {
  const parts = FILE.test(text) ? [text] : partsOf(text);
  const name = parts?.at(-1);
  if (parts === undefined || name === undefined || parts.length > 3) {
    throw new Failure('usage', {
      message: `cannot use ${JSON.stringify(text)} for ${flag}: expected a table`,
      remedy: `Give ${flag} a table, as orders, public.orders or shop.public.orders; a part with a dot in it in double quotes.`,
    });
  }
  return { database: parts.at(-3), schema: parts.at(-2), name };
}

function partsOf(text: string): string[] | undefined {
  const parts: string[] = [];
  for (let at = 0; ;) {
    PART.lastIndex = at;
    const [whole, quoted, plain] = PART.exec(text) ?? [];
    if (whole === undefined) return undefined;
    parts.push(quoted?.replaceAll('""', '"') ?? plain ?? '');
    at += whole.length;
    if (at === text.length) return parts;
    if (text[at] !== '.') return undefined;
    at += 1;
  }
}

/** True if the relation is meant, or where it has no name, its file. */
export function isMeant(
  pattern: TablePattern,
  relation: Relation | undefined,
  file: RelationFile | undefined,
): boolean {
  if (file !== undefined && relationFileKey(file) === pattern.name) return true;
  if (relation === undefined || relation.name !== pattern.name) return false;
  const { database, schema } = pattern;
  return (
    (schema === undefined || schema === relation.schemaName) &&
    (database === undefined || database === relation.databaseName)
  );
}

/** `shop.public.orders`, as far as it is known; a part that needs it in double quotes. */
export function fullName({ databaseName, schemaName, name }: Relation): string {
  return [databaseName, schemaName, name].flatMap((part) => (part === undefined ? [] : [asWritten(part)])).join('.');
}

function asWritten(part: string): string {
  return /^[^".\s]+$/.test(part) ? part : `"${part.replaceAll('"', '""')}"`;
}
