/**
 * The tables of the benchmarks of WAL.
 *
 * @module
 */

import { median } from './measure.ts';

/** One run of one program. */
export interface WalRun {
  readonly seconds: number;
  /** Largest resident size of the process that stays; of programs started for each segment it is not known. */
  readonly residentMib: number | undefined;
}

/** All runs of one program in one discipline. */
export interface WalSeries {
  readonly name: string;
  readonly remark: string;
  readonly runs: readonly WalRun[];
}

const secondsOf = ({ runs }: WalSeries) => runs.map(({ seconds }) => seconds);

function row(series: WalSeries, segmentCount: number, ours: number): string {
  const seconds = secondsOf(series);
  const middle = median(seconds);
  const sizes = series.runs.flatMap(({ residentMib }) => residentMib ?? []);
  const cells = [
    series.name,
    Math.min(...seconds).toFixed(2),
    middle.toFixed(2),
    (segmentCount / middle).toFixed(1),
    sizes.length === 0 ? '–' : Math.max(...sizes).toFixed(0),
    (middle / ours).toFixed(2),
    series.remark,
  ];
  return `| ${cells.join(' | ')} |`;
}

/** A table: the first program is 1.00, more is slower. */
export function walTable(title: string, all: readonly WalSeries[], segmentCount: number): string {
  const measured = all.filter(({ runs }) => runs.length > 0);
  const ours = measured[0] === undefined ? Number.NaN : median(secondsOf(measured[0]));
  return [
    `### ${title}`,
    '',
    '| program | min s | median s | segments/s | resident MiB | time beside ours | remark |',
    '| --- | --- | --- | --- | --- | --- | --- |',
    ...measured.map((series) => row(series, segmentCount, ours)),
    '',
  ].join('\n');
}
