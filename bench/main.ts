/**
 * `npm run bench`: backup and restore, and WAL out and in, beside other programs, in one run on one machine, interleaved.
 *
 * `--size-mib N` (1200), `--segments N` (64), `--day-gib N` (50), `--rounds N` (3), `--part backup,wal,scan,index` (all), `--only
 * REGEX` for some of the programs, `--write` to renew the tables in docs/benchmarks.md.
 *
 * @module
 */

import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { runProgram } from '../tests/support/postgres.ts';
import { findTools, type BackupTool } from './backup-tools.ts';
import { bundleWalkback } from './bundle.ts';
import { startBenchServer } from './data-set.ts';
import { benchIndex } from './index.ts';
import { canMeasure, measure, type Measured } from './measure.ts';
import { machine, table } from './report.ts';
import { benchScan } from './scan.ts';
import { benchWal } from './wal.ts';

const { values } = parseArgs({
  options: {
    'size-mib': { type: 'string', default: '1200' },
    segments: { type: 'string', default: '64' },
    'day-gib': { type: 'string', default: '50' },
    rounds: { type: 'string', default: '3' },
    part: { type: 'string', default: 'backup,wal,scan,index' },
    only: { type: 'string', default: '' },
    write: { type: 'boolean', default: false },
  },
});

if (!canMeasure()) {
  console.error('bench: /usr/bin/time is missing (apt-get install time)');
  process.exit(77);
}

const DOCUMENT = join(import.meta.dirname, '..', 'docs', 'benchmarks.md');

const only = new RegExp(values.only);

async function benchBackup(): Promise<string> {
  console.error(`bench: filling a server with about ${values['size-mib']} MiB …`);
  await using bench = await startBenchServer(Number(values['size-mib']));
  const found = findTools(bench, await bundleWalkback(join(bench.scratch, 'program')));
  const tools = found.tools.filter(({ name }) => only.test(name));
  const { missing } = found;
  for (const name of missing) console.error(`bench: left out: ${name}`);

  const backups = new Map<BackupTool, Measured[]>(tools.map((tool) => [tool, []]));
  const restores = new Map<BackupTool, Measured[]>(tools.map((tool) => [tool, []]));
  const size = (await runProgram('du', ['-sb', '--exclude=pg_wal', bench.server.dataDirectory])).split('\t')[0];
  const sizeBytes = Number(size);
  const restored = join(bench.scratch, 'restored');
  const note = join(bench.scratch, 'time');

  for (let round = 1; round <= Number(values.rounds); round++) {
    for (const tool of tools) {
      const environment = tool.environment ?? {};
      await runProgram('bash', ['-c', tool.prepare], environment);
      await runProgram('sync', []);
      const backup = await measure(tool.backup, environment, note);
      backups.get(tool)?.push(backup);
      console.error(
        `round ${round}, ${tool.name}: backup ${backup.seconds.toFixed(2)} s, CPU ${backup.cpuSeconds.toFixed(2)} s`,
      );
    }
    for (const tool of tools) {
      if (tool.restore === undefined) continue;
      await rm(restored, { recursive: true, force: true });
      await runProgram('sync', []);
      const restore = await measure(tool.restore, tool.environment ?? {}, note);
      restores.get(tool)?.push(restore);
      console.error(
        `round ${round}, ${tool.name}: restore ${restore.seconds.toFixed(2)} s, CPU ${restore.cpuSeconds.toFixed(2)} s`,
      );
    }
    await rm(restored, { recursive: true, force: true });
  }

  const seriesOf = (all: ReadonlyMap<BackupTool, readonly Measured[]>, remarkOf: (tool: BackupTool) => string) =>
    [...all].map(([tool, runs]) => ({ name: tool.name, remark: remarkOf(tool), runs }));
  return [
    `Measured ${new Date().toISOString().slice(0, 10)} on ${machine()}: ${(sizeBytes / 1e9).toFixed(2)} GB of PostgreSQL 15, local folder, ${values.rounds} interleaved rounds.`,
    ...(missing.length === 0 ? [] : [`Left out because they were not there: ${missing.join('; ')}.`]),
    '',
    table(
      'Full backup',
      seriesOf(backups, ({ remark }) => remark),
      sizeBytes,
    ),
    table(
      'Restore to disk, synced',
      seriesOf(restores, ({ restoreRemark }) => restoreRemark),
      sizeBytes,
    ),
  ].join('\n');
}

/** Shows the tables of a part, and puts them in place of those in the document. */
async function tell(part: string, text: string): Promise<void> {
  console.log(text);
  if (!values.write) return;
  const [begin, end] = [`<!-- bench:${part} begin -->`, `<!-- bench:${part} end -->`];
  const document = await readFile(DOCUMENT, 'utf8');
  const before = document.slice(0, document.indexOf(begin) + begin.length);
  await writeFile(DOCUMENT, `${before}\n\n${text}\n${document.slice(document.indexOf(end))}`);
}

const parts = values.part.split(',');
if (parts.includes('backup')) await tell('backup', await benchBackup());
if (parts.includes('wal')) {
  await tell('wal', await benchWal({ segments: Number(values.segments), rounds: Number(values.rounds), only }));
}
if (parts.includes('scan')) {
  await tell('scan', await benchScan({ segments: Number(values.segments), rounds: Number(values.rounds) }));
}
if (parts.includes('index')) {
  const dayGib = Number(values['day-gib']);
  await tell('index', await benchIndex({ segments: Number(values.segments), rounds: Number(values.rounds), dayGib }));
}
