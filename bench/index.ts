/**
 * What indexes cost and what they save: CPU for making them, and `walkback log --around` over a day of WAL that index
 * objects describe, beside reading segments without indexes.
 *
 * @module
 */

import { copyFile, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

import { buildSegmentIndex } from '../src/wal-index/build-segment-index.ts';
import { writeMixedWal, type MixedWal } from '../tests/support/mixed-wal.ts';
import { runProgram } from '../tests/support/postgres.ts';
import { seededRandom } from '../tests/support/random.ts';
import { installWalkback } from './bundle.ts';
import { measure, median, type Measured } from './measure.ts';
import { machine } from './report.ts';
import { writeSyntheticDay } from './synthetic-day.ts';

const MAJOR = 15;
const DAY_GIB = 50;
const SERVER_MB_PER_SECOND = 50;
const SEGMENT_MB = (16 * 1024 * 1024) / 1e6;
const MIB_PER_GIB = 1024;
/** A noon, and half a day behind it the end. */
const NOON_US = 1_789_992_000_000_000n;
const HALF_A_DAY_US = 43_200_000_000n;

function row(name: string, runs: readonly Measured[], remark: string): string {
  const seconds = median(runs.map((run) => run.seconds));
  const cpuSeconds = median(runs.map((run) => run.cpuSeconds));
  const resident = Math.max(...runs.map(({ residentMib }) => residentMib));
  return `| ${name} | ${seconds.toFixed(2)} | ${cpuSeconds.toFixed(2)} | ${resident.toFixed(0)} | ${remark} |`;
}

/** The segment with the most transactions. */
async function busiest(paths: readonly string[]): Promise<string> {
  let found = { path: '', count: -1 };
  for (const path of paths) {
    const { work } = buildSegmentIndex({ fileName: basename(path), bytes: await readFile(path) });
    if (work.length > found.count) found = { path, count: work.length };
  }
  return found.path;
}

type Work = 'around' | 'scan' | 'index';
type Runs = Readonly<Record<Work, Measured[]>> & {
  /** CPU seconds of making the index of every segment in a process that is warm, of each round: of mixed WAL, and of small transactions. */
  readonly warmIndexSeconds: number[];
  readonly warmSmallSeconds: number[];
};

/** The agent's way: see the program that is run. */
async function measureWarmIndex({ folder, segments }: MixedWal): Promise<number> {
  const script = join(import.meta.dirname, 'run-index.ts');
  const args = [script, folder, segments[0] ?? '', segments.at(-1) ?? ''];
  return Number(await runProgram(process.execPath, args));
}

/** The lines of shell for each work, on the archive of a day and on one of real segments. */
function linesOf(program: string, day: string, real: string): Readonly<Record<Work, string>> {
  const line = (command: string, archive: string) =>
    `${program} ${command} --archive ${archive} --tz UTC >/dev/null 2>&1`;
  const noon = new Date(Number(NOON_US / 1000n)).toISOString();
  return {
    around: line(`log --around ${noon} --within 1min`, day),
    scan: line('log --largest 5', real),
    index: line('history index --rebuild', real),
  };
}

async function measureRounds(
  scratch: string,
  { day, real, wal, small }: Readonly<Record<'day' | 'real', string> & Record<'wal' | 'small', MixedWal>>,
  rounds: number,
): Promise<Runs> {
  const lines = linesOf(await installWalkback(join(scratch, 'program')), day, real);
  const runs: Runs = { around: [], scan: [], index: [], warmIndexSeconds: [], warmSmallSeconds: [] };
  for (let round = 1; round <= rounds; round += 1) {
    // Without indexes first: making them comes last.
    await rm(join(real, 'walkback_001'), { recursive: true, force: true });
    for (const name of ['around', 'scan', 'index'] as const) {
      const run = await measure(lines[name], {}, join(scratch, 'time'));
      runs[name].push(run);
      console.error(`round ${round}, ${name}: ${run.seconds.toFixed(2)} s, CPU ${run.cpuSeconds.toFixed(2)} s`);
    }
    runs.warmIndexSeconds.push(await measureWarmIndex(wal));
    runs.warmSmallSeconds.push(await measureWarmIndex(small));
  }
  return runs;
}

/** The row of the agent's work. */
function warmRow(name: string, warmSeconds: number, count: number): string {
  const share = coreShare(warmSeconds, count).toFixed(0);
  return `| ${name} | – | ${warmSeconds.toFixed(2)} | – | ${share} % of a core for ${SERVER_MB_PER_SECOND} MB of WAL a second, in a process that has run for a while; storing them left out |`;
}

/** Of one core, where a server writes as much as it is taken to. */
function coreShare(cpuSeconds: number, count: number): number {
  return (cpuSeconds / (count * SEGMENT_MB)) * SERVER_MB_PER_SECOND * 100;
}

function tableOf(runs: Runs, count: number, smallCount: number, dayGib: number): string[] {
  const scanned = median(runs.scan.map((run) => run.seconds));
  const ofDay = (scanned * dayGib * MIB_PER_GIB) / (count * 16);
  const times = ofDay / median(runs.around.map((run) => run.seconds));
  const share = coreShare(median(runs.index.map((run) => run.cpuSeconds)), count);
  const around = `${times.toFixed(0)} times as fast as a scan of all of it`;
  const cost = `${share.toFixed(0)} % of a core for ${SERVER_MB_PER_SECOND} MB of WAL a second, the start of the program counted`;
  return [
    '| work | s | CPU s | resident MiB | remark |',
    '| --- | --- | --- | --- | --- |',
    row(`log --around, ${dayGib} GiB with indexes`, runs.around, around),
    row(`log of ${count} segments without indexes`, runs.scan, `${ofDay.toFixed(0)} s for ${dayGib} GiB at this pace`),
    row(`history index of ${count} segments`, runs.index, cost),
    warmRow(`the agent's indexes of ${count} segments`, median(runs.warmIndexSeconds), count),
    warmRow(`the agent's indexes of ${smallCount} of small transactions`, median(runs.warmSmallSeconds), smallCount),
    '',
  ];
}

/** Measures, and answers with the table. @param dayGib how much WAL the day has; 50 unless told. */
export async function benchIndex(given: {
  readonly segments: number;
  readonly rounds: number;
  readonly dayGib?: number;
}): Promise<string> {
  const { segments, rounds, dayGib = DAY_GIB } = given;
  const scratch = await mkdtemp(join(tmpdir(), 'walkback-bench-index-'));
  try {
    console.error(`bench: writing ${segments} segments, and indexes for ${dayGib} GiB …`);
    const random = seededRandom(15);
    await using wal = await writeMixedWal({ major: MAJOR, random, sizeMib: segments * 16, smallShare: 0.2 });
    await using small = await writeMixedWal({ major: MAJOR, random, sizeMib: segments * 16, smallShare: 1 });
    const [real, day] = [join(scratch, 'real'), join(scratch, 'day')];
    await mkdir(join(real, 'wal_005'), { recursive: true });
    for (const name of wal.segments) await copyFile(join(wal.folder, name), join(real, 'wal_005', name));
    const example = await busiest(wal.segments.slice(0, 8).map((name) => join(wal.folder, name)));
    const described = await writeSyntheticDay(day, example, { sizeGib: dayGib, endUs: NOON_US + HALF_A_DAY_US });
    const runs = await measureRounds(scratch, { day, real, wal, small }, rounds);
    const date = new Date().toISOString().slice(0, 10);
    const indexMb = (described.indexBytes / 1e6).toFixed(0);
    return [
      `Measured ${date} on ${machine()}: PostgreSQL ${MAJOR}, ${rounds} interleaved rounds. The day has ${described.segmentCount} segments of ${described.transactionsPerSegment} transactions; its indexes have ${indexMb} MB.`,
      '',
      ...tableOf(runs, wal.segments.length, small.segments.length, dayGib),
    ].join('\n');
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}
