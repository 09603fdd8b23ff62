/**
 * One cell: a server archives and is backed up by one program, and is restored and recovered by the other.
 *
 * Both are called by WAL-G's command line with the same settings, so that nothing but the program differs. The restored server
 * starts, passes amcheck on every table and B-tree index, and equals what the workload's own record says.
 *
 * @module
 */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { archiveAll } from '../../../tests/support/backup-server.ts';
import { differencesFrom, stateAfter } from '../../../tests/support/oracle.ts';
import { runProgram, startPostgres, type TestServer } from '../../../tests/support/postgres.ts';
import { amcheckProblems, restoreByWrapper, writeWrapper } from '../../../tests/support/walg-programs.ts';
import { openWorkload, type Workload } from '../../../tests/support/workload.ts';
import type { Cell } from './cells.ts';
import { keyVariables } from './keys.ts';

/** The program that each side is. */
export interface Programs {
  readonly writer: string;
  readonly reader: string;
}

const DELTAS = 3;
const COMMITS_BETWEEN = 25;

async function takeBackups(wrapper: string, live: TestServer, workload: Workload, kind: Cell['kind']): Promise<void> {
  await runProgram(wrapper, ['backup-push', live.dataDirectory]);
  for (let delta = 0; kind === 'delta' && delta < DELTAS; delta += 1) {
    await workload.run(COMMITS_BETWEEN);
    await runProgram(wrapper, ['backup-push', live.dataDirectory]);
  }
  // A program that took full ones instead would make the cell show nothing.
  const listed = (await runProgram(wrapper, ['backup-list'])).match(/^base_[0-9A-F]{24}_D_/gm) ?? [];
  const wanted = kind === 'delta' ? DELTAS : 0;
  if (listed.length !== wanted) throw new Error(`${listed.length} delta backups were taken instead of ${wanted}`);
}

async function compare(server: TestServer, workload: Workload): Promise<string[]> {
  const client = await server.connect();
  try {
    const differences = await differencesFrom(client, stateAfter(workload.commits, workload.commits.length));
    return [...differences, ...(await amcheckProblems(server))];
  } finally {
    await client.end();
  }
}

async function writeArchive(root: string, wrapper: string, cell: Cell, seed: number): Promise<Workload> {
  const live = await startPostgres({
    major: cell.major,
    root: join(root, 'live'),
    settings: {
      max_prepared_transactions: 10,
      track_commit_timestamp: 'on',
      archive_mode: 'on',
      archive_command: `'${wrapper} wal-push "%p"'`,
    },
  });
  try {
    await live.sql('CREATE EXTENSION amcheck');
    const workload = await openWorkload({ seed, sessions: 3, connect: () => live.connect() });
    await workload.run(COMMITS_BETWEEN);
    await Promise.all([takeBackups(wrapper, live, workload, cell.kind), workload.run(COMMITS_BETWEEN)]);
    await workload.run(COMMITS_BETWEEN);
    await workload.close();
    await archiveAll(live);
    return workload;
  } finally {
    await live.stop('immediate');
  }
}

/** Runs it. Answers what differs, one line each. */
export async function runCell(
  cell: Cell,
  seed: number,
  programs: Programs,
  openPlace: (root: string) => Promise<Readonly<Record<string, string>>>,
): Promise<string[]> {
  const root = await mkdtemp(join(tmpdir(), 'walkback-matrix-'));
  try {
    const variables = {
      ...(await openPlace(root)),
      ...(await keyVariables(cell.encryption, root)),
      WALG_COMPRESSION_METHOD: cell.compression,
      WALG_DELTA_MAX_STEPS: cell.kind === 'delta' ? String(DELTAS) : '0',
      HOME: root,
      PGHOST: join(root, 'live', 'sock'),
      PGUSER: 'postgres',
      PGDATABASE: 'postgres',
    };
    const writer = await writeWrapper(join(root, 'writer.sh'), programs.writer, variables);
    const workload = await writeArchive(root, writer, cell, seed);
    const reader = await writeWrapper(join(root, 'reader.sh'), programs.reader, variables);
    const restored = await restoreByWrapper(join(root, 'restored'), reader, { major: cell.major });
    try {
      return await compare(restored, workload);
    } finally {
      await restored.stop('immediate');
    }
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}
