/**
 * Runs the benchmarks as a program of its own, and reads the tables of its report.
 *
 * @module
 */

import { spawn } from 'node:child_process';

import { ROOT } from '../../toolchain.mjs';

/** One table: its heading (empty if it has none), and each row by the names of its columns. */
export interface ReportTable {
  readonly heading: string;
  readonly rows: readonly ReadonlyMap<string, string>[];
}

const cellsOf = (line: string): string[] =>
  line
    .replace(/^\|/, '')
    .replace(/\|\s*$/, '')
    .split(' | ')
    .map((cell) => cell.trim());

/** The tables of a report in Markdown. */
export function tablesOf(report: string): ReportTable[] {
  const tables: { heading: string; rows: Map<string, string>[] }[] = [];
  let heading = '';
  let columns: readonly string[] | undefined;
  for (const line of report.split('\n')) {
    if (!line.startsWith('|')) {
      heading = /^### (.*)$/.exec(line)?.[1] ?? (line.startsWith('#') ? '' : heading);
      columns = undefined;
    } else if (columns === undefined) {
      columns = cellsOf(line);
      tables.push({ heading, rows: [] });
    } else if (!line.startsWith('| ---')) {
      const cells = cellsOf(line);
      tables.at(-1)?.rows.push(new Map(columns.map((column, index) => [column, cells[index] ?? ''])));
    }
  }
  return tables;
}

/** The report of one run; `undefined` if it failed. */
export async function runBench(args: readonly string[], log: (line: string) => void): Promise<string | undefined> {
  log(args.join(' '));
  const child = spawn(process.execPath, ['bench/main.ts', ...args], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  const code = await new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', resolve));
  return code === 0 ? Buffer.concat(chunks).toString() : undefined;
}
