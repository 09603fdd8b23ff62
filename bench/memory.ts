/**
 * The largest resident size of a backup and a restore of a large server whose archive is on S3, beside WAL-G by the same command line:
 * with the settings that either has where none is given, and with two at once of everything, as in the other benchmarks.
 *
 * @module
 */

import { rm } from 'node:fs/promises';
import { join } from 'node:path';

import { startMinio, type S3TestServer } from '../tests/support/minio.ts';
import { runProgram } from '../tests/support/postgres.ts';
import { writeWrapper } from '../tests/support/walg-programs.ts';
import { installWalkback } from './bundle.ts';
import { startBenchServer, type BenchServer } from './data-set.ts';
import { findProgram } from './find-program.ts';
import { measure, median, type Measured } from './measure.ts';
import { memoryTable, type MemoryRow } from './memory-report.ts';
import { machine } from './report.ts';
import { setArchiveCommand } from './wal-data-set.ts';

/** How much to measure. */
export interface MemoryBenchOptions {
  readonly sizeMib: number;
  readonly rounds: number;
  /** Programs by their names. */
  readonly only: RegExp;
}

interface MemoryTool {
  readonly name: string;
  readonly program: string;
  readonly compression: 'zstd' | 'lz4';
  /** What is said to its backup-push, beside the data directory. */
  readonly option: string;
  readonly variables: Readonly<Record<string, string>>;
}

/** How many files, uploads and downloads at a time, by what is added to a program's name. */
const AT_ONCE: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  '': {},
  ', 2 at once': {
    WALG_UPLOAD_DISK_CONCURRENCY: '2',
    WALG_UPLOAD_CONCURRENCY: '2',
    WALG_DOWNLOAD_CONCURRENCY: '2',
  },
};

type Runs = Readonly<Record<'backup' | 'restore', Measured[]>>;

async function findMemoryTools(folder: string): Promise<{ tools: readonly MemoryTool[]; missing: readonly string[] }> {
  const walkback = join(await installWalkback(folder), '..', 'wal-g');
  const walg = findProgram('wal-g', 'WALG_BINARY');
  const programs = [
    { name: 'walkback zstd', program: walkback, compression: 'zstd', option: '' },
    ...(walg === undefined
      ? []
      : (['zstd', 'lz4'] as const).map((compression) => ({
          name: `wal-g ${compression} --verify`,
          program: walg,
          compression,
          option: ' --verify',
        }))),
  ] as const;
  const tools = Object.entries(AT_ONCE).flatMap(([suffix, variables]) =>
    programs.map((one) => ({ ...one, name: one.name + suffix, variables })),
  );
  return { tools, missing: walg === undefined ? ['wal-g (WALG_BINARY=/path)'] : [] };
}

/** The program with a bucket of its own. */
async function wrapperFor({ scratch, server }: BenchServer, s3: S3TestServer, tool: MemoryTool): Promise<string> {
  const { bucket, prefix } = await s3.newBucket();
  return writeWrapper(join(scratch, `${bucket}.sh`), tool.program, {
    WALG_S3_PREFIX: `s3://${bucket}/${prefix}`,
    AWS_ENDPOINT: s3.endpoint,
    AWS_ACCESS_KEY_ID: s3.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: s3.credentials.secretAccessKey,
    AWS_S3_FORCE_PATH_STYLE: 'true',
    AWS_REGION: 'us-east-1',
    WALG_COMPRESSION_METHOD: tool.compression,
    HOME: scratch,
    PGDATA: server.dataDirectory,
    ...server.environment,
    ...tool.variables,
  });
}

async function measureOne(bench: BenchServer, s3: S3TestServer, tool: MemoryTool, runs: Runs): Promise<void> {
  const { server, scratch } = bench;
  const wrapper = await wrapperFor(bench, s3, tool);
  await setArchiveCommand(server, `${wrapper} wal-push %p`);
  const restored = join(scratch, 'restored');
  const lines = {
    backup: `${wrapper} backup-push ${server.dataDirectory}${tool.option}`,
    restore: `${wrapper} backup-fetch ${restored} LATEST`,
  } as const;
  for (const work of ['backup', 'restore'] as const) {
    const run = await measure(lines[work], {}, join(scratch, 'time'));
    runs[work].push(run);
    console.error(`${tool.name}: ${work}: ${run.residentMib.toFixed(0)} MiB, ${run.seconds.toFixed(1)} s`);
  }
  await setArchiveCommand(server, '');
  await rm(restored, { recursive: true, force: true });
  // A bucket's worth of room for the next one.
  await runProgram(wrapper, ['delete', 'everything', 'FORCE', '--confirm']);
}

/** Measures, and answers with the tables. */
export async function benchMemory({ sizeMib, rounds, only }: MemoryBenchOptions): Promise<string> {
  await using s3 = await startMinio();
  if (s3?.kind !== 'minio') throw new Error('bench: there is no MinIO here, since there is no Go to build it');
  console.error(`bench: filling a server with about ${sizeMib} MiB …`);
  await using bench = await startBenchServer(sizeMib);
  const { tools: all, missing } = await findMemoryTools(join(bench.scratch, 'program'));
  for (const name of missing) console.error(`bench: left out: ${name}`);
  const tools = all.filter(({ name }) => only.test(name));
  const runs = new Map<MemoryTool, Runs>(tools.map((tool) => [tool, { backup: [], restore: [] }]));
  for (let round = 1; round <= rounds; round += 1) {
    for (const [tool, ofTool] of runs) await measureOne(bench, s3, tool, ofTool);
  }
  const size = await runProgram('du', ['-sb', '--exclude=pg_wal', bench.server.dataDirectory]);
  const sizeBytes = Number(size.split('\t')[0]);
  const rowsOf = (work: keyof Runs): MemoryRow[] =>
    [...runs].map(([{ name }, { [work]: each }]) => ({
      name,
      residentMib: Math.max(...each.map(({ residentMib }) => residentMib)),
      seconds: median(each.map(({ seconds }) => seconds)),
    }));
  return [
    `Measured ${new Date().toISOString().slice(0, 10)} on ${machine()}: ${(sizeBytes / 1e9).toFixed(1)} GB of PostgreSQL 15, S3 (MinIO on the same machine), ${rounds} interleaved rounds.`,
    ...(missing.length === 0 ? [] : [`Left out because they were not there: ${missing.join('; ')}.`]),
    '',
    memoryTable('Full backup to S3', rowsOf('backup')),
    memoryTable('Restore from S3 to disk, synced', rowsOf('restore')),
  ].join('\n');
}
