/**
 * Reading WAL beside `pg_waldump` of the same major, in one run on one machine, interleaved: CPU seconds for the same
 * segments.
 *
 * @module
 */

import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { writeMixedWal, type MixedWal } from '../tests/support/mixed-wal.ts';
import { seededRandom } from '../tests/support/random.ts';
import { findProgram } from './find-program.ts';
import { measure, median, type Measured } from './measure.ts';
import { machine } from './report.ts';

const MAJOR = 15;
const DEBIAN = `/usr/lib/postgresql/${MAJOR}/bin/pg_waldump`;
const OURS = 'walkback, records';
const FULL_TEXT = 'pg_waldump, full text';

interface Reader {
  readonly name: string;
  readonly remark: string;
  /** A line of shell. */
  line(wal: MixedWal): string;
}

const range = ({ segments }: MixedWal) => `${segments[0]} ${segments.at(-1)}`;

function ours(name: string, mode: string, remark: string): Reader {
  const script = join(import.meta.dirname, 'run-scan.ts');
  return {
    name,
    remark,
    line: (wal) => `${process.execPath} ${script} ${mode} ${wal.folder} ${range(wal)} >/dev/null`,
  };
}

function readers(waldump: string): Reader[] {
  const theirs = (options: string) => (wal: MixedWal) =>
    `${waldump} ${options} -p ${wal.folder} ${range(wal)} >/dev/null`;
  return [
    ours(OURS, 'records', 'every CRC; each record shown in place'),
    ours('walkback, parts', 'parts', 'and its block references and main data found'),
    ours('walkback, index', 'index', 'and the index of each segment made'),
    { name: FULL_TEXT, remark: 'every CRC; a line for each record', line: theirs('') },
    { name: 'pg_waldump --stats', remark: 'every CRC; a line for each kind', line: theirs('--stats=record') },
  ];
}

/** CPU seconds of each reader beside those of the full text. */
function scanTable(title: string, runs: ReadonlyMap<Reader, readonly Measured[]>, mib: number): string {
  const cpuOf = (each: readonly Measured[]) => median(each.map(({ cpuSeconds }) => cpuSeconds));
  const [, text = []] = [...runs].find(([{ name }]) => name === FULL_TEXT) ?? [];
  const rows = [...runs].map(([{ name, remark }, each]) => {
    const cpuSeconds = cpuOf(each);
    const seconds = median(each.map((run) => run.seconds));
    const speed = cpuOf(text) / cpuSeconds;
    const resident = Math.max(...each.map(({ residentMib }) => residentMib));
    const cells = [cpuSeconds, seconds].map((value) => value.toFixed(2));
    return `| ${[name, ...cells, (mib / cpuSeconds).toFixed(0), speed.toFixed(1), resident.toFixed(0), remark].join(' | ')} |`;
  });
  return [
    `### ${title}`,
    '',
    '| reader | CPU s | s | MiB a CPU second | times the speed of full text | resident MiB | remark |',
    '| --- | --- | --- | --- | --- | --- | --- |',
    ...rows,
    '',
  ].join('\n');
}

async function benchOne(title: string, wal: MixedWal, waldump: string, rounds: number): Promise<string> {
  const scratch = await mkdtemp(join(tmpdir(), 'walkback-bench-scan-'));
  const runs = new Map<Reader, Measured[]>(readers(waldump).map((reader) => [reader, []]));
  try {
    for (let round = 1; round <= rounds; round += 1) {
      for (const [reader, each] of runs) {
        const run = await measure(reader.line(wal), {}, join(scratch, 'time'));
        each.push(run);
        console.error(`round ${round}, ${title}, ${reader.name}: CPU ${run.cpuSeconds.toFixed(2)} s`);
      }
    }
  } finally {
    await rm(scratch, { recursive: true });
  }
  return scanTable(title, runs, wal.segments.length * 16);
}

/** Measures, and answers with the tables. */
export async function benchScan(given: { readonly segments: number; readonly rounds: number }): Promise<string> {
  const waldump = findProgram('pg_waldump', 'PG_WALDUMP') ?? (existsSync(DEBIAN) ? DEBIAN : undefined);
  if (waldump === undefined) return `SKIPPED: there is no pg_waldump of PostgreSQL ${MAJOR} here (PG_WALDUMP).\n`;
  const kinds = [
    { title: 'Small transactions, as pgbench makes them', smallShare: 1 },
    { title: 'Mixed WAL', smallShare: 0.2 },
  ];
  const tables: string[] = [];
  for (const { title, smallShare } of kinds) {
    console.error(`bench: writing ${given.segments} segments: ${title} …`);
    const sizeMib = given.segments * 16;
    await using wal = await writeMixedWal({ major: MAJOR, random: seededRandom(15), sizeMib, smallShare });
    tables.push(await benchOne(title, wal, waldump, given.rounds));
  }
  const date = new Date().toISOString().slice(0, 10);
  return [
    `Measured ${date} on ${machine()}: PostgreSQL ${MAJOR}, ${given.rounds} interleaved rounds.`,
    '',
    ...tables,
  ].join('\n');
}
