/**
 * Names and texts inside SQL statements that take no parameters (`ALTER ROLE`, `CREATE ROLE`).
 *
 * @module
 */

import pg from 'pg';

/** A name, quoted: `"shop"`. */
export function quoteIdentifier(name: string): string {
  return pg.escapeIdentifier(name);
}

/** A text, quoted: `'it''s'`. */
export function quoteLiteral(text: string): string {
  return pg.escapeLiteral(text);
}
