/**
 * The spool: the directory through which PostgreSQL's archive and restore commands talk to the agent, so that a segment
 * costs no start of a program.
 *
 * ```
 * SPOOL/
 *   agent.lock                  held by the one agent, which touches it four times a second, whether it serves or not
 *   silent                      touched by an archive_command that waited in vain for an agent to serve
 *   current -> KEY              the life of the data directory that is served now; changed in one step
 *   KEY/                        <system identifier>-<timeline>-<digest of that timeline's history>
 *     data-directory            one line: the data directory as its server sees it; only that server uses the spool
 *     heartbeat                 touched by the agent while it lives; removed when it ends
 *     acknowledged/FILE         the store has confirmed FILE; dated one second after the file in pg_wal that it is for
 *     refused/FILE              why the last attempt to push FILE failed, in one line; empty where there was no room for it
 *     waiting/FILE              an archive_command waits for FILE
 *     prefetched/FILE           fetched, checked, fsynced: a restore_command may move it into place
 *     requests/FILE.PID         a restore_command asks for FILE
 *     answers/FILE.PID          its answer: the exit code in archive recovery, that on a replica, and a message
 * ```
 *
 * A timeline number can be used again (undo, a second recovery), with other WAL under the same names. An old
 * acknowledgement would then lose WAL. Three things keep it from being read: the key, which holds the whole history; its
 * date, which fits one file only; and {@link emptySpool}, called before a server is started on a data directory.
 *
 * The shell's half is `sh/walkback-archive` and `sh/walkback-restore`.
 *
 * @module
 */

import { createHash } from 'node:crypto';
import { mkdir, readdir, readlink, rename, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';

import { formatHistoryName } from '../postgres/timeline-history.ts';
import { writeFileDurably } from './durable-file.ts';

const FOLDERS = ['acknowledged', 'refused', 'waiting', 'prefetched', 'requests', 'answers'] as const;
const CURRENT = 'current';

/** The life of a data directory: what must be equal for a spool to be its. */
export interface SpoolOwner {
  readonly systemIdentifier: bigint;
  /** The timeline that the server is on. */
  readonly timeline: number;
  /** The text of that timeline's history file; empty for timeline 1. */
  readonly history: string;
}

/** The paths of one life's part of a spool. */
export type SpoolPaths = Readonly<Record<(typeof FOLDERS)[number] | 'heartbeat' | 'dataDirectory' | 'key', string>>;

/** The name of the folder that belongs to one life of a data directory. */
export function spoolKey({ systemIdentifier, timeline, history }: SpoolOwner): string {
  const digest = createHash('sha256').update(history).digest('hex').slice(0, 16);
  return `${systemIdentifier}-${formatHistoryName(timeline).slice(0, 8)}-${digest}`;
}

/** The paths below `SPOOL/KEY`. */
export function spoolPaths(spool: string, key: string): SpoolPaths {
  const at = (name: string) => join(spool, key, name);
  return {
    key,
    acknowledged: at('acknowledged'),
    refused: at('refused'),
    waiting: at('waiting'),
    prefetched: at('prefetched'),
    requests: at('requests'),
    answers: at('answers'),
    heartbeat: at('heartbeat'),
    dataDirectory: at('data-directory'),
  };
}

async function currentKey(spool: string): Promise<string | undefined> {
  return readlink(join(spool, CURRENT)).catch(() => undefined);
}

async function pointTo(spool: string, key: string): Promise<void> {
  const tmp = join(spool, `${CURRENT}.tmp`);
  await rm(tmp, { force: true });
  await symlink(key, tmp);
  await rename(tmp, join(spool, CURRENT));
}

const KEY = /^\d+-[0-9A-F]{8}-[0-9a-f]{16}$/;

/**
 * Makes the spool serve one life of a data directory, from empty: what any life has left is removed. A file that was
 * acknowledged and is still asked for is compared with the archive once more, which costs less than a mistake.
 *
 * @param serverDataDirectory the data directory by the path that its server sees.
 */
export async function serveFrom(spool: string, owner: SpoolOwner, serverDataDirectory: string): Promise<SpoolPaths> {
  const key = spoolKey(owner);
  const paths = spoolPaths(spool, key);
  await emptySpool(spool);
  for (const folder of FOLDERS) await mkdir(paths[folder], { recursive: true });
  await writeFileDurably(paths.dataDirectory, Buffer.from(`${serverDataDirectory}\n`));
  // Before anybody can see it: a spool that is served without a heartbeat is one whose agent has ended.
  await writeFileDurably(paths.heartbeat, Buffer.alloc(0));
  await pointTo(spool, key);
  return paths;
}

/**
 * Empties a spool: to be called before a server is started on a data directory that this spool serves or has served.
 * A running agent notices and begins anew.
 */
export async function emptySpool(spool: string): Promise<void> {
  await rm(join(spool, CURRENT), { force: true });
  const names = await readdir(spool).catch(() => []);
  for (const name of names) {
    if (KEY.test(name)) await rm(join(spool, name), { recursive: true, force: true, maxRetries: 5 });
  }
}

/** True if the spool still serves that life: nobody has emptied it. */
export async function isServing(spool: string, key: string): Promise<boolean> {
  return (await currentKey(spool)) === key;
}
