/**
 * Backup and restore beside other programs: a full backup, then a delta after some of the rows have changed.
 *
 * @module
 */

import { rm } from 'node:fs/promises';
import { join } from 'node:path';

import { runProgram } from '../tests/support/postgres.ts';
import { findTools, type BackupTool } from './backup-tools.ts';
import { bundleProgramOf } from './bundle.ts';
import { CHANGED_SHARE, startBenchServer, type BenchServer } from './data-set.ts';
import { measure, type Measured } from './measure.ts';
import { machine, table } from './report.ts';

/** How much to measure. */
export interface BackupBenchOptions {
  readonly sizeMib: number;
  readonly rounds: number;
  /** Programs by their names. */
  readonly only: RegExp;
}

const DISCIPLINES = ['backup', 'restore', 'delta', 'deltaRestore'] as const;
type Discipline = (typeof DISCIPLINES)[number];

const TITLES: Readonly<Record<Discipline, string>> = {
  backup: 'Full backup',
  restore: 'Restore to disk, synced',
  delta: `Delta backup, ${CHANGED_SHARE * 100} % of one table's rows changed`,
  deltaRestore: 'Restore of the delta on its full backup, synced',
};

class Rounds {
  readonly #bench: BenchServer;
  readonly #tools: readonly BackupTool[];
  readonly #runs = new Map<string, Measured[]>();

  constructor(bench: BenchServer, tools: readonly BackupTool[]) {
    this.#bench = bench;
    this.#tools = tools;
  }

  runsOf(tool: BackupTool, discipline: Discipline): readonly Measured[] {
    return this.#runs.get(`${tool.name} ${discipline}`) ?? [];
  }

  async run(round: number): Promise<void> {
    for (const tool of this.#tools) await this.#runTool(round, tool);
  }

  /** One after the other: programs of one kind have one archive, which the next begins anew. */
  async #runTool(round: number, tool: BackupTool): Promise<void> {
    await runProgram('bash', ['-c', tool.prepare], tool.environment ?? {});
    await this.#measure(round, tool, 'backup', tool.backup);
    await this.#restore(round, tool, 'restore');
    if (tool.delta === undefined) return;
    await this.#bench.change();
    await this.#measure(round, tool, 'delta', tool.delta);
    await this.#restore(round, tool, 'deltaRestore');
  }

  async #restore(round: number, tool: BackupTool, discipline: Discipline): Promise<void> {
    const restored = join(this.#bench.scratch, 'restored');
    await rm(restored, { recursive: true, force: true });
    await this.#measure(round, tool, discipline, tool.restore);
    await rm(restored, { recursive: true, force: true });
  }

  async #measure(round: number, tool: BackupTool, discipline: Discipline, line: string | undefined): Promise<void> {
    if (line === undefined) return;
    await runProgram('sync', []);
    const measured = await measure(line, tool.environment ?? {}, join(this.#bench.scratch, 'time'));
    const key = `${tool.name} ${discipline}`;
    this.#runs.set(key, [...(this.#runs.get(key) ?? []), measured]);
    const { seconds, cpuSeconds } = measured;
    console.error(
      `round ${round}, ${tool.name}: ${TITLES[discipline]}: ${seconds.toFixed(2)} s, CPU ${cpuSeconds.toFixed(2)} s`,
    );
  }
}

/** Measures. Answers the tables, as text. */
export async function benchBackup({ sizeMib, rounds, only }: BackupBenchOptions): Promise<string> {
  console.error(`bench: filling a server with about ${sizeMib} MiB …`);
  await using bench = await startBenchServer(sizeMib);
  const { tools: all, missing } = findTools(
    bench,
    await bundleProgramOf('run-walkback', join(bench.scratch, 'program')),
  );
  const tools = all.filter(({ name }) => only.test(name));
  for (const name of missing) console.error(`bench: left out: ${name}`);
  const size = (await runProgram('du', ['-sb', '--exclude=pg_wal', bench.server.dataDirectory])).split('\t')[0];
  const sizeBytes = Number(size);
  const done = new Rounds(bench, tools);
  for (let round = 1; round <= rounds; round++) await done.run(round);
  const tables = DISCIPLINES.map((discipline) => {
    const isRestore = discipline === 'restore' || discipline === 'deltaRestore';
    const series = tools.map((tool) => ({
      name: tool.name,
      remark: isRestore ? tool.restoreRemark : discipline === 'delta' ? (tool.deltaRemark ?? '') : tool.remark,
      runs: done.runsOf(tool, discipline),
    }));
    return table(TITLES[discipline], series, sizeBytes);
  });
  return [
    `Measured ${new Date().toISOString().slice(0, 10)} on ${machine()}: ${(sizeBytes / 1e9).toFixed(2)} GB of PostgreSQL 15, local folder, ${rounds} interleaved rounds.`,
    ...(missing.length === 0 ? [] : [`Left out because they were not there: ${missing.join('; ')}.`]),
    '',
    ...tables,
  ].join('\n');
}
