/**
 * The matrix as a table: a line for each compression and encryption, a column for each direction.
 *
 * @module
 */

import { DIRECTIONS, type Cell } from './cells.ts';

/** How a cell came out. */
export interface CellResult {
  readonly cell: Cell;
  readonly outcome: 'equal' | 'failed' | 'skipped';
}

function counts(results: readonly CellResult[]): string {
  const of = (outcome: CellResult['outcome']): number => results.filter((one) => one.outcome === outcome).length;
  if (results.length === 0) return '';
  const failed = of('failed') === 0 ? '' : ` ${of('failed')} FAILED`;
  const skipped = of('skipped') === 0 ? '' : ` ${of('skipped')} skipped`;
  return `${of('equal')}${failed}${skipped}`;
}

/** Lines of text. */
export function matrixTable(results: readonly CellResult[]): string[] {
  const rows = Map.groupBy(
    results,
    ({ cell }) =>
      `${cell.compression}, ${cell.encryption}${cell.store === 'file' || cell.store === 's3' ? '' : `, ${cell.store}`}`,
  );
  const lines = [...rows].map(([name, own]) => [
    name,
    ...DIRECTIONS.map((direction) => counts(own.filter(({ cell }) => cell.direction === direction))),
  ]);
  const all = [['cells that are equal', ...DIRECTIONS], ...lines];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  return all.map((row) =>
    row
      .map((text, column) => text.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
