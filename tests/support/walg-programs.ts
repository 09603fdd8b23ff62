/**
 * A server's archive and its restoration by WAL-G's command line, whichever program answers to it: the real `wal-g` or `bin/wal-g`.
 *
 * @module
 */

import { appendFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { untilTrue } from './backup-server.ts';
import { runProgram, serverAt, type TestServer } from './postgres.ts';

/** Of a server that did not start. */
const LOG_LINES = 12;

const quoted = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`;

/** A script that runs `program` with the variables alone: nothing of this process's settings reaches it. Answers its path. */
export async function writeWrapper(
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

/**
 * Restores a backup into `root` by a wrapper's `backup-fetch`, and replays to the end of the archive by its `wal-fetch`.
 *
 * @returns the server, open for writing.
 * @throws with the end of the server's log if it does not start.
 */
export async function restoreByWrapper(
  root: string,
  wrapper: string,
  given: { readonly major: number; readonly backup?: string },
): Promise<TestServer> {
  await mkdir(join(root, 'sock'), { recursive: true });
  await runProgram(wrapper, ['backup-fetch', join(root, 'data'), given.backup ?? 'LATEST']);
  const lines = [
    `restore_command = '${wrapper} wal-fetch "%f" "%p"'`,
    `unix_socket_directories = '${root}/sock'`,
    'archive_mode = off',
    "recovery_target_action = 'promote'",
  ];
  await appendFile(join(root, 'data/postgresql.conf'), `${lines.join('\n')}\n`);
  await writeFile(join(root, 'data/recovery.signal'), '');
  const server = serverAt(root, given.major);
  await server.start().catch(async (error: unknown) => {
    const log = await readFile(join(root, 'server.log'), 'utf8').catch(() => '');
    throw new Error(`the restored server does not start:\n${log.split('\n').slice(-LOG_LINES).join('\n')}`, {
      cause: error,
    });
  });
  await untilTrue(server, 'not pg_is_in_recovery()');
  return server;
}

/** What amcheck, an extension that the server has already, finds in tables, one line each. @throws for a damaged B-tree index. */
export async function amcheckProblems(server: TestServer): Promise<string[]> {
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
