/**
 * Opening a new timeline on a private server, with archiving held, and proving what was opened.
 *
 * @module
 */

import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { Failure } from '../base/failure.ts';
import { queryText, type Connection } from '../instance/connection.ts';
import { isThere, syncFolder } from '../instance/durable-rename.ts';
import { controlFileOf, isShutDown } from '../instance/control-file-of.ts';
import {
  checkItRuns,
  startPrivateServer,
  stopPrivateServer,
  untilItAnswers,
  type PrivateServer,
} from '../instance/private-server.ts';
import { writtenTimeline } from '../instance/written-timeline.ts';
import { parseLsn } from '../postgres/lsn.ts';
import {
  formatHistoryName,
  parseHistoryName,
  parseTimelineHistory,
  type TimelineSwitch,
} from '../postgres/timeline-history.ts';

const POLL_MS = 20;

/** True while the directory has not left recovery: its next start would recover again. */
export async function isStillToRecover(dataDirectory: string): Promise<boolean> {
  return isThere(join(dataDirectory, 'recovery.signal'));
}

/**
 * Takes away the history file of a promotion that did not come to its end: with it, the server would take the number after.
 * Only while the directory is still to recover, and only for the number that is reserved for it. One of a lower number, which
 * has been given to somebody else since, stays and is passed over, and is never archived.
 */
export async function forgetUnfinishedPromotion(dataDirectory: string, timeline: number): Promise<void> {
  if (!(await isStillToRecover(dataDirectory))) return;
  const folder = join(dataDirectory, 'pg_wal');
  const name = formatHistoryName(timeline);
  await rm(join(folder, name), { force: true });
  const { timeline: current } = await controlFileOf(dataDirectory);
  for (const marked of await readdir(join(folder, 'archive_status')).catch(() => [])) {
    const number = marked.endsWith('.ready') ? parseHistoryName(marked.slice(0, -'.ready'.length)) : undefined;
    const isUnfinished = number !== undefined && number > current && number <= timeline;
    if (isUnfinished) await rm(join(folder, 'archive_status', marked), { force: true });
  }
  await syncFolder(folder);
}

/** Waits until the server has left recovery. */
export async function untilOpen(server: PrivateServer, connection: Connection): Promise<void> {
  while ((await queryText(connection, 'select pg_is_in_recovery()')) === 't') {
    await checkItRuns(server);
    await sleep(POLL_MS);
  }
}

/**
 * Proves that the server has opened the reserved timeline, and how that branched off.
 *
 * @throws {Failure} `refused` if it is another one.
 */
export async function proveTimeline(
  server: PrivateServer,
  connection: Connection,
  reserved: number,
): Promise<TimelineSwitch> {
  const timeline = await writtenTimeline(connection);
  const path = join(server.dataDirectory, 'pg_wal', formatHistoryName(reserved));
  const branch = (await isThere(path))
    ? parseTimelineHistory(reserved, await readFile(path, 'utf8')).ancestors.at(-1)
    : undefined;
  if (timeline === reserved && branch !== undefined) return branch;
  throw new Failure('refused', {
    message: `cannot use the promoted server: it has opened timeline ${timeline}, reserved was ${reserved}`,
    remedy: 'Undo this recovery, look at the history files in the archive, and plan again.',
  });
}

/** The position in `before LSN 0/3000148`; `undefined` when the reason is another one. */
export function stopLsnOf(branch: TimelineSwitch): { lsn: bigint; inclusive: boolean } | undefined {
  const [, word, text = ''] = /^(before|after) LSN ([0-9A-F]+\/[0-9A-F]+)/i.exec(branch.reason) ?? [];
  const position = parseLsn(text);
  return position === undefined ? undefined : { lsn: position, inclusive: word === 'after' };
}

/** Starts a server that has left recovery already (its promotion was interrupted behind that point). */
export async function reopen(server: PrivateServer): Promise<Connection> {
  await startPrivateServer(server);
  const connection = await untilItAnswers(server);
  await untilOpen(server, connection);
  return connection;
}

/** For servers that have left recovery: nothing may be restored any more. */
export const NO_RESTORE = 'exit 199';

/**
 * Stops a server that has left recovery, and leaves a clean shutdown behind: one that was killed is started for that once
 * more.
 */
export async function endCleanly(server: PrivateServer): Promise<void> {
  await stopPrivateServer(server.dataDirectory);
  if (isShutDown(await controlFileOf(server.dataDirectory))) return;
  const connection = await reopen(server);
  await connection.close();
  await stopPrivateServer(server.dataDirectory);
}
