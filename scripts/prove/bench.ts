/**
 * The benchmarks: backup, restore, push and fetch are measured beside pgBackRest and pg_basebackup in one run, and
 * `docs/benchmarks.md` has the figures of a large run with what falls short.
 *
 * What is claimed is that they were measured, not how they came out: a machine that is busy proves nothing about speed. The
 * count is the number of rounds; the default run is small.
 *
 * @module
 */

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { ROOT } from '../toolchain.mjs';
import type { Proof, ProofRun } from './proof.ts';

/** The tables of a whole run, by the beginning of their headings. */
const WORKS = ['Full backup', 'Restore to disk', 'Push', 'Fetch'] as const;
const SMALL = ['--size-mib', '8', '--segments', '2', '--only', '^(walkback zstd|pg_basebackup.*|cp.*)$'];
const LARGE = ['--size-mib', '1200', '--segments', '64'];

interface Row {
  readonly program: string;
  /** Its time beside ours, which is 1.00. */
  readonly beside: number;
}

/** The rows of each table of a report: programs and the column "time beside ours". */
function tables(report: string): Map<string, Row[]> {
  const found = new Map<string, Row[]>();
  let rows: Row[] = [];
  let column = -1;
  for (const line of report.split('\n')) {
    const heading = /^### (.*)$/.exec(line)?.[1];
    if (heading !== undefined) found.set(heading, (rows = []));
    const cells = line.split(' | ').map((cell) => cell.replaceAll('|', '').trim());
    if (line.startsWith('| program')) column = cells.indexOf('time beside ours');
    else if (line.startsWith('| ') && !line.startsWith('| ---') && column > 0) {
      rows.push({ program: cells[0] ?? '', beside: Number(cells[column]) });
    }
  }
  return found;
}

function tableOf(found: ReadonlyMap<string, Row[]>, work: string): readonly Row[] {
  return [...found].find(([heading]) => heading.startsWith(work))?.[1] ?? [];
}

/** What is missing of the four works, each with us and at least one other program that has a figure. */
function missingFrom(report: string): string[] {
  const found = tables(report);
  return WORKS.filter((work) => {
    const rows = tableOf(found, work);
    const measured = rows.filter(({ beside }) => beside > 0);
    return !measured.some(({ program }) => program.startsWith('walkback')) || measured.length < 2;
  });
}

async function runBench({ seed, count, log }: ProofRun, size: readonly string[]): Promise<string | undefined> {
  log(`round ${seed} to ${seed + count - 1} of ${size.join(' ')}`);
  const child = spawn(process.execPath, ['bench/main.ts', ...size, '--rounds', String(count)], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  const code = await new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', resolve));
  return code === 0 ? Buffer.concat(chunks).toString() : undefined;
}

function ratios(report: string): string {
  const found = tables(report);
  return WORKS.map((work) => {
    const others = tableOf(found, work).filter(({ program }) => !program.startsWith('walkback'));
    return `${work}: ${others.map(({ program, beside }) => `${program} ${beside}`).join(', ')}`;
  }).join('; ');
}

/** The proof. */
export const proof: Proof = {
  name: 'bench',
  shows:
    'backup, restore, push and fetch are measured beside other programs in one run, and docs/benchmarks.md has the figures',
  defaultCount: 1,
  run: async (given) => {
    if (!existsSync('/usr/bin/time')) {
      given.log('SKIPPED: /usr/bin/time is missing (apt-get install time): nothing was measured');
    }
    const documented = missingFrom(await readFile(join(ROOT, 'docs/benchmarks.md'), 'utf8'));
    const report = await runBench(given, given.count > 1 ? LARGE : SMALL);
    const measured = report === undefined ? ['everything'] : missingFrom(report);
    if (documented.length > 0) given.log(`docs/benchmarks.md lacks ${documented.join(', ')}`);
    if (measured.length > 0) given.log(`not measured: ${measured.join(', ')}`);
    const figure = report === undefined ? 'the benchmarks did not run' : `times beside ours: ${ratios(report)}`;
    return { holds: documented.length === 0 && measured.length === 0, figure };
  },
};
