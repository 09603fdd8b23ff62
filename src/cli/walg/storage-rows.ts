/**
 * Objects as `st ls` and `st stat` print them: type, size, time, name, in columns that each end with two blanks at the last.
 *
 * Source: WAL-G `internal/storagetools/list_handler.go`.
 *
 * @module
 */

import { goTimeString } from './walg-times.ts';

/** An object or a folder. */
export interface StorageRow {
  readonly name: string;
  readonly sizeBytes: number;
  /** Folders have none. */
  readonly modifiedAt?: Date;
}

const NEVER = '0001-01-01 00:00:00 +0000 UTC';

/** The table, with its header also when there is nothing. */
export function storageTable(rows: readonly StorageRow[]): string {
  const cells = rows.map(({ name, sizeBytes, modifiedAt }) => [
    modifiedAt === undefined ? 'dir' : 'obj',
    String(sizeBytes),
    modifiedAt === undefined ? NEVER : goTimeString(modifiedAt),
    name,
  ]);
  const all = [['type', 'size', 'last modified', 'name'], ...cells];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string => row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(' ');
  const [header = [], ...others] = all;
  const first = header.map((cell, at) => (at === 3 ? cell : cell.padEnd(widths[at] ?? 0))).join(' ');
  return `${first}\n${others.map((row) => `${line(row)}  \n`).join('')}`;
}
