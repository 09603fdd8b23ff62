/**
 * Names and texts as SQL writes them, for statements that take no parameters (`CREATE ROLE`, `GRANT`).
 *
 * Source: PostgreSQL manual, "Lexical Structure". Texts are right with `standard_conforming_strings = on`.
 *
 * @module
 */

import { Failure } from '../base/failure.ts';

function refuseNul(what: string, text: string): void {
  if (!text.includes('\0')) return;
  throw new Failure('usage', {
    message: `cannot use a ${what} that holds a zero byte`,
    remedy: 'PostgreSQL allows every other character.',
  });
}

/** `"o""brien"`. @throws {Failure} `usage` for a name that no server has. */
export function quoteIdentifier(name: string): string {
  refuseNul('name', name);
  if (name !== '') return `"${name.replaceAll('"', '""')}"`;
  throw new Failure('usage', { message: 'cannot use an empty name', remedy: 'Give a name of at least one character.' });
}

/** `'o''brien'`. */
export function quoteText(text: string): string {
  refuseNul('text', text);
  return `'${text.replaceAll("'", "''")}'`;
}
