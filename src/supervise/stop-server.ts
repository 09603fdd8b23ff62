/**
 * The server that Patroni has left running: a Patroni that is paused, or was killed, does not stop it. It would then die
 * with its container, unclean and with WAL that nobody archived.
 *
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises';

import { runningPostmaster } from '../instance/postmaster.ts';
import type { ReportSupervision } from './supervision-event.ts';

const LOOK_MS = 100;

/** Shuts a server down, fast, if one runs on the data directory. False if it runs on after `limitMs`. */
export async function stopServerLeftRunning(
  dataDirectory: string,
  limitMs: number,
  report: ReportSupervision,
): Promise<boolean> {
  const startedMs = Date.now();
  const server = await runningPostmaster(dataDirectory);
  if (server === undefined) return true;
  report({ kind: 'serverLeftRunning', processId: server.pid });
  // What "pg_ctl stop -m fast" sends (PostgreSQL manual, "Shutting Down the Server").
  process.kill(server.pid, 'SIGINT');
  while (Date.now() - startedMs < limitMs) {
    if ((await runningPostmaster(dataDirectory))?.pid !== server.pid) {
      report({ kind: 'serverStopped', tookMs: Date.now() - startedMs });
      return true;
    }
    await sleep(LOOK_MS);
  }
  return false;
}
