/**
 * The table of a run, for people and for `docs/benchmarks.md`.
 *
 * @module
 */

import { cpus, totalmem } from 'node:os';

import { median, type Measured } from './measure.ts';

/** All runs of one program in one discipline. */
export interface Series {
  readonly name: string;
  readonly remark: string;
  readonly runs: readonly Measured[];
}

const OURS = 'walkback';

function row(series: Series, sizeBytes: number, ours: number): string {
  const seconds = series.runs.map((run) => run.seconds);
  const middle = median(seconds);
  const ratio = middle / ours;
  const cells = [
    series.name,
    Math.min(...seconds).toFixed(2),
    middle.toFixed(2),
    (sizeBytes / middle / 1e6).toFixed(0),
    median(series.runs.map((run) => run.cpuSeconds)).toFixed(2),
    Math.max(...series.runs.map((run) => run.residentMib)).toFixed(0),
    ratio.toFixed(2),
    series.remark,
  ];
  return `| ${cells.join(' | ')} |`;
}

/** A table: our zstd is 1.00, more is slower. */
export function table(title: string, all: readonly Series[], sizeBytes: number): string {
  const first = all.find(({ name }) => name.startsWith(OURS));
  const ours = first === undefined ? Number.NaN : median(first.runs.map((run) => run.seconds));
  return [
    `### ${title}`,
    '',
    '| program | min s | median s | MB/s | CPU s | resident MiB | time beside ours | remark |',
    '| --- | --- | --- | --- | --- | --- | --- | --- |',
    ...all.filter(({ runs }) => runs.length > 0).map((series) => row(series, sizeBytes, ours)),
    '',
  ].join('\n');
}

/** What the figures were measured on. */
export function machine(): string {
  const [first] = cpus();
  return `${cpus().length} × ${first?.model ?? 'unknown processor'}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}`;
}
