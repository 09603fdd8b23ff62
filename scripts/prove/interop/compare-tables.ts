/**
 * Compares the tables of a recovered archive with what must be in them.
 *
 * @module
 */

import type { ExpectedTables } from './fixture-archives.ts';
import type { StandingArchive } from './rehearse-archive.ts';

const digestQuery = (table: string): string =>
  `SELECT count(*)::text AS rows, md5(coalesce(string_agg(line, E'\\n' ORDER BY line COLLATE "C"), '')) AS md5 FROM (SELECT t::text AS line FROM ${table} t) s`;

/** An empty table has no lines, and the MD5 written for it is empty text. */
function isEqual(expected: { rows: number; md5: string }, rows: string, md5: string): boolean {
  return Number(rows) === expected.rows && (expected.rows === 0 || md5 === expected.md5);
}

/** One line for each table that differs; none when all are equal. */
export async function differingTables(standing: StandingArchive, expected: ExpectedTables): Promise<string[]> {
  const differences: string[] = [];
  for (const [name, want] of Object.entries(expected)) {
    const [database = '', ...table] = name.split('.');
    await using connection = await standing.connect(database);
    const [row] = await connection.query(digestQuery(table.join('.')));
    if (!isEqual(want, row?.['rows'] ?? '', row?.['md5'] ?? '')) {
      differences.push(`${name}: ${row?.['rows']} rows, md5 ${row?.['md5']}; expected ${want.rows}, ${want.md5}`);
    }
  }
  return differences;
}
