/**
 * The benchmarks: backup, restore, push and fetch are measured beside pgBackRest and pg_basebackup in one run, and
 * `docs/benchmarks.md` has the figures of a large run with what falls short.
 *
 * What is claimed is that they were measured, not how they came out: a machine that is busy proves nothing about speed. The
 * count is the number of rounds; the default run is small.
 *
 * @module
 */

import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { ROOT } from '../toolchain.mjs';
import { benchFigure, type MeasuredWork } from './bench/figure.ts';
import { runBench, tablesOf, type ReportTable } from './bench/run-bench.ts';
import type { Proof } from './proof.ts';

/** The tables of a whole run, by the beginning of their headings. */
const WORKS = ['Full backup', 'Restore to disk', 'Push', 'Fetch'] as const;
/** Those that only wal-g and pgBackRest can be measured beside: in a small run, where they may not be there, alone. */
const DELTA_WORKS = ['Delta backup', 'Restore of the delta'] as const;
const SMALL = ['--size-mib', '8', '--segments', '2', '--only', '^(walkback zstd|pg_basebackup.*|cp.*)$'];
const LARGE = ['--size-mib', '1200', '--segments', '64'];

const BESIDE = 'time beside ours';

/** The rows of the table of a work that have a figure. */
function measuredOf(tables: readonly ReportTable[], work: string): ReportTable['rows'] {
  const rows = tables.find(({ heading }) => heading.startsWith(work))?.rows ?? [];
  return rows.filter((row) => Number(row.get(BESIDE)) > 0);
}

const isOurs = (row: ReadonlyMap<string, string>): boolean => row.get('program')?.startsWith('walkback') === true;

/** What is missing of some works, each with us and so many programs in all that have a figure. */
function missingFrom(report: string, works: readonly string[], fewest: number): string[] {
  const tables = tablesOf(report);
  return works.filter((work) => {
    const measured = measuredOf(tables, work);
    return !measured.some(isOurs) || measured.length < fewest;
  });
}

function othersOf(report: string): MeasuredWork[] {
  const tables = tablesOf(report);
  return [...WORKS, ...DELTA_WORKS].map((work) => ({
    work,
    others: measuredOf(tables, work)
      .filter((row) => !isOurs(row))
      .map((row) => ({ program: row.get('program') ?? '', ratio: Number(row.get(BESIDE)) })),
  }));
}

/** The proof. */
export const proof: Proof = {
  name: 'bench',
  shows:
    'full and delta backup, restore, push and fetch are measured beside other programs in one run, and docs/benchmarks.md has the figures',
  defaultCount: 1,
  run: async (given) => {
    if (!existsSync('/usr/bin/time')) {
      given.log('SKIPPED: /usr/bin/time is missing (apt-get install time): nothing was measured');
    }
    const page = await readFile(join(ROOT, 'docs/benchmarks.md'), 'utf8');
    const documented = missingFrom(page, [...WORKS, ...DELTA_WORKS], 2);
    const size = given.count > 1 ? LARGE : SMALL;
    const report = await runBench([...size, '--part', 'backup,wal', '--rounds', String(given.count)], given.log);
    const measured =
      report === undefined
        ? ['everything']
        : [...missingFrom(report, WORKS, 2), ...missingFrom(report, DELTA_WORKS, given.count > 1 ? 2 : 1)];
    if (documented.length > 0) given.log(`docs/benchmarks.md lacks ${documented.join(', ')}`);
    if (measured.length > 0) given.log(`not measured: ${measured.join(', ')}`);
    const missing = [...new Set([...documented, ...measured])];
    const figure = report === undefined ? 'the benchmarks did not run' : benchFigure(othersOf(report), missing);
    return { holds: documented.length === 0 && measured.length === 0, figure };
  },
};
