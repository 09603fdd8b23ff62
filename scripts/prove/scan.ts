/**
 * The speed of reading WAL: beside `pg_waldump`, by the indexes of a day, and what making them costs.
 *
 * The count is the number of rounds. A small run (one or two) shows that all of it is measured, that reading by index is faster
 * than reading all, and that `docs/benchmarks.md` has the figures: a machine that is busy proves nothing about speed. From three
 * rounds on, the run is large, and holds only if every figure is what is aimed at.
 *
 * @module
 */

import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { ROOT } from '../toolchain.mjs';
import { runBench, tablesOf } from './bench/run-bench.ts';
import type { Proof } from './proof.ts';

const SMALL = ['--segments', '1', '--day-gib', '0.25'];
const LARGE = ['--segments', '64', '--day-gib', '50'];
const LARGE_FROM_ROUNDS = 3;

/** What is aimed at. */
const WANTED = { timesFullText: 4, timesScan: 100, residentMib: 256, corePercent: 15 };

/** The figures of a report; `undefined` where it has none. */
interface Figures {
  /** For each kind of WAL, how often as fast as the full text of `pg_waldump`. */
  readonly timesFullText: readonly (number | undefined)[];
  /** How often as fast as a scan of the day. */
  readonly timesScan: number | undefined;
  readonly residentMib: number | undefined;
  /** Of one core, for indexing 50 MB of WAL a second: the most that it takes for any kind of WAL. */
  readonly corePercent: number | undefined;
}

const numberIn = (text: string | undefined, pattern: RegExp): number | undefined => {
  const found = pattern.exec(text ?? '')?.[1];
  return found === undefined ? undefined : Number(found);
};

function figuresOf(report: string): Figures {
  const rows = tablesOf(report).flatMap((table) => table.rows);
  const work = (name: string) => rows.find((row) => row.get('work')?.startsWith(name) === true);
  const records = rows.filter((row) => row.get('reader') === 'walkback, records');
  const around = work('log --around');
  const indexing = rows.filter((row) => row.get('work')?.startsWith("the agent's indexes") === true);
  const percents = indexing.map((row) => numberIn(row.get('remark'), /^([\d.]+) %/));
  return {
    timesFullText: records.map((row) => numberIn(row.get('times the speed of full text'), /^([\d.]+)$/)),
    timesScan: numberIn(around?.get('remark'), /^([\d.]+) times/),
    residentMib: numberIn(around?.get('resident MiB'), /^([\d.]+)$/),
    corePercent: percents.length === 0 || percents.includes(undefined) ? undefined : Math.max(...percents.map(Number)),
  };
}

function textOf({ timesFullText, timesScan, residentMib, corePercent }: Figures): string {
  const beside = timesFullText.map((times) => `${times ?? '?'}x`).join(' and ') || 'not';
  return `records read ${beside} as fast as pg_waldump's text; by index ${timesScan ?? '?'}x as fast as a scan, ${residentMib ?? '?'} MiB; indexing 50 MB/s takes ${corePercent ?? '?'} % of a core`;
}

function problemsOf(figures: Figures, isLarge: boolean, hasWaldump: boolean): string[] {
  const { timesFullText, timesScan = 0, residentMib, corePercent } = figures;
  const isMeasured = residentMib !== undefined && corePercent !== undefined;
  const wantedKinds = hasWaldump ? 2 : 0;
  const problems = [
    ...(isMeasured && timesFullText.length >= wantedKinds ? [] : ['not everything was measured']),
    ...(timesScan > 1 ? [] : ['reading by index is not faster than reading all']),
  ];
  if (!isLarge) return problems;
  return [
    ...problems,
    ...(timesFullText.some((times = 0) => times < WANTED.timesFullText) ? [`less than ${WANTED.timesFullText}x`] : []),
    ...(timesScan < WANTED.timesScan ? [`less than ${WANTED.timesScan}x by index`] : []),
    ...((residentMib ?? Infinity) >= WANTED.residentMib ? [`${WANTED.residentMib} MiB or more`] : []),
    ...((corePercent ?? Infinity) > WANTED.corePercent ? [`more than ${WANTED.corePercent} % of a core`] : []),
  ];
}

/** The proof. */
export const proof: Proof = {
  name: 'scan',
  shows:
    'WAL is read faster than pg_waldump prints it, a day of it by its indexes at once, and making them costs little',
  defaultCount: 1,
  run: async ({ count, log }) => {
    if (!existsSync('/usr/bin/time')) {
      log('SKIPPED: /usr/bin/time is missing (apt-get install time): nothing was measured');
    }
    const isLarge = count >= LARGE_FROM_ROUNDS;
    const size = isLarge ? LARGE : SMALL;
    const report = await runBench([...size, '--part', 'scan,index', '--rounds', String(count)], log);
    if (report === undefined) return { holds: false, figure: 'the benchmarks did not run' };
    const hasWaldump = !report.includes('SKIPPED: there is no pg_waldump');
    if (!hasWaldump) log('SKIPPED: there is no pg_waldump of PostgreSQL 15 here: nothing to compare the scan with');
    const documented = figuresOf(await readFile(join(ROOT, 'docs/benchmarks.md'), 'utf8'));
    const figures = figuresOf(report);
    const problems = [
      ...problemsOf(figures, isLarge, hasWaldump),
      ...(documented.residentMib === undefined || documented.timesFullText.length < 2
        ? ['docs/benchmarks.md lacks figures']
        : []),
    ];
    for (const problem of problems) log(problem);
    return { holds: problems.length === 0, figure: textOf(figures) };
  },
};
