/**
 * One cell: a server archives and is backed up by one program, and is restored and recovered by the other.
 *
 * Both are called by WAL-G's command line with the same settings, so that nothing but the program differs. The restored server
 * starts, passes amcheck on every table and B-tree index, and equals what the workload's own record says.
 *
 * @module
 */

import { appendFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { archiveAll, untilTrue } from '../../../tests/support/backup-server.ts';
import { differencesFrom, stateAfter } from '../../../tests/support/oracle.ts';
import { runProgram, serverAt, startPostgres, type TestServer } from '../../../tests/support/postgres.ts';
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
/** Of a server that did not start. */
const LOG_LINES = 12;

const quoted = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`;

/** A script that runs `program` with the variables alone: nothing of this process's settings reaches it. */
async function writeWrapper(
  path: string,
  program: string,
  variables: Readonly<Record<string, string>>,
): Promise<string> {
  const words = Object.entries(variables).map(([name, value]) => `${name}=${quoted(value)}`);
  await writeFile(path, `#!/bin/sh\nexec env -i PATH="$PATH" ${words.join(' ')} ${quoted(program)} "$@"\n`, {
    mode: 0o700,
  });
  return path;
}

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

async function restore(root: string, wrapper: string, major: number): Promise<TestServer> {
  const restored = join(root, 'restored');
  await mkdir(join(restored, 'sock'), { recursive: true });
  await runProgram(wrapper, ['backup-fetch', join(restored, 'data'), 'LATEST']);
  const lines = [
    `restore_command = '${wrapper} wal-fetch "%f" "%p"'`,
    `unix_socket_directories = '${restored}/sock'`,
    'archive_mode = off',
    "recovery_target_action = 'promote'",
  ];
  await appendFile(join(restored, 'data/postgresql.conf'), `${lines.join('\n')}\n`);
  await writeFile(join(restored, 'data/recovery.signal'), '');
  const server = serverAt(restored, major);
  await server.start().catch(async (error: unknown) => {
    const log = await readFile(join(restored, 'server.log'), 'utf8').catch(() => '');
    throw new Error(`the restored server does not start:\n${log.split('\n').slice(-LOG_LINES).join('\n')}`, {
      cause: error,
    });
  });
  await untilTrue(server, 'not pg_is_in_recovery()');
  return server;
}

/** What amcheck finds, one line each. */
async function amcheckProblems(server: TestServer): Promise<string[]> {
  const found = await server.sql<{ problem: string }>(`
    SELECT format('%s block %s: %s', c.oid::regclass, h.blkno, h.msg) AS problem
      FROM pg_class c, LATERAL verify_heapam(c.oid) h
     WHERE c.relkind IN ('r', 't', 'm') AND c.relpersistence = 'p'`);
  // It raises an error for the first that is damaged.
  await server.sql(`
    SELECT bt_index_check(i.indexrelid, true)
      FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am a ON a.oid = c.relam
     WHERE a.amname = 'btree' AND c.relpersistence = 'p' AND i.indisvalid AND i.indisready`);
  return found.map(({ problem }) => problem);
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
    const restored = await restore(root, reader, cell.major);
    try {
      return await compare(restored, workload);
    } finally {
      await restored.stop('immediate');
    }
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}
