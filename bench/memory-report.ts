/**
 * The tables of the benchmark of memory.
 *
 * @module
 */

/** One program in one discipline. */
export interface MemoryRow {
  readonly name: string;
  /** The largest resident size of its largest process. */
  readonly residentMib: number;
  readonly seconds: number;
}

/** A table: the first program is 1.00, more takes more. */
export function memoryTable(title: string, rows: readonly MemoryRow[]): string {
  const { residentMib: ourMib, seconds: ourSeconds } = rows[0] ?? { residentMib: Number.NaN, seconds: Number.NaN };
  return [
    `### ${title}`,
    '',
    '| program | resident MiB | memory beside ours | time beside ours |',
    '| --- | --- | --- | --- |',
    ...rows.map(
      ({ name, residentMib, seconds }) =>
        `| ${name} | ${residentMib.toFixed(0)} | ${(residentMib / ourMib).toFixed(2)} | ${(seconds / ourSeconds).toFixed(2)} |`,
    ),
    '',
  ].join('\n');
}
