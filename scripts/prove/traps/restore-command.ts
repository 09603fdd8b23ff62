/**
 * `walkback-restore` as a server's restore_command, answered by the program, with the outcome of one request for itself.
 *
 * @module
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { programFolder, quoted, RESTORE_SCRIPT, settingText } from '../../../tests/support/archived-cluster.ts';
import type { TestServer } from '../../../tests/support/postgres.ts';
import type { Recoverable } from '../../../tests/support/recoverable.ts';

/** Short, so that proofs end. */
const WAITS = { WALKBACK_AGENT_SILENCE_S: '1', WALKBACK_RESTORE_WAIT_S: '20' };

/** A store that refuses every connection. */
export const REFUSING_STORE: Readonly<Record<string, string>> = {
  WALG_S3_PREFIX: 's3://nowhere/archive',
  AWS_ENDPOINT: 'http://127.0.0.1:9',
  AWS_S3_FORCE_PATH_STYLE: 'true',
  AWS_REGION: 'us-east-1',
  AWS_ACCESS_KEY_ID: 'nobody',
  AWS_SECRET_ACCESS_KEY: 'nothing',
  WALKBACK_STORE_IDLE_TIMEOUT: '500ms',
  WALKBACK_STORE_CALL_TIMEOUT: '1500ms',
};

async function environment(
  live: Recoverable,
  store: Readonly<Record<string, string>>,
): Promise<Record<string, string>> {
  return { ...WAITS, ...store, PATH: `${await programFolder(live.root)}:/usr/bin:/bin` };
}

/** The archive of `live`. */
export function archiveOf(live: Recoverable): Readonly<Record<string, string>> {
  return { WALG_FILE_PREFIX: live.archive };
}

/** As the value of `restore_command`. */
export async function restoreCommand(live: Recoverable, store: Readonly<Record<string, string>>): Promise<string> {
  const words = Object.entries(await environment(live, store)).map(([name, value]) => `${name}=${quoted(value)}`);
  return settingText(`${words.join(' ')} ${quoted(RESTORE_SCRIPT)} ${quoted(join(live.root, 'spool'))} "%f" "%p"`);
}

/** Its exit code and what is at the path afterwards, asked as `server` would ask. */
export async function fetchFor(
  live: Recoverable,
  server: TestServer,
  fileName: string,
): Promise<{ code: number; bytes: number | undefined; said: string }> {
  const path = join(server.dataDirectory, 'pg_wal', 'RECOVERYXLOG');
  const child = spawn('sh', [RESTORE_SCRIPT, join(live.root, 'spool'), fileName, path], {
    cwd: server.dataDirectory,
    env: await environment(live, archiveOf(live)),
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const said: Buffer[] = [];
  child.stderr.on('data', (chunk: Buffer) => said.push(chunk));
  await once(child, 'close');
  const bytes = await readFile(path).catch(() => undefined);
  return { code: child.exitCode ?? -1, bytes: bytes?.length, said: Buffer.concat(said).toString() };
}
