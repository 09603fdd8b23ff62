/**
 * Waits until the agent has pushed what a stopped server had ready: the archiver of a server that shuts down gives up after
 * its last attempts, and what it leaves is only on the volume.
 *
 * @module
 */

import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { readReadyFiles } from '../archive/ready-files.ts';
import type { ReportSupervision } from './supervision-event.ts';

/** What is waited for. */
export interface DrainOptions {
  readonly dataDirectory: string;
  readonly spool: string;
  /** How long nothing may be pushed before it is given up. */
  readonly patienceMs: number;
  readonly report: ReportSupervision;
}

const LOOK_MS = 200;

/** Pushed files are acknowledged in the spool, dated after the file that they are for (`src/archive/spool.ts`). */
async function isAcknowledged({ dataDirectory, spool }: DrainOptions, fileName: string): Promise<boolean> {
  const [file, mark] = await Promise.all([
    stat(join(dataDirectory, 'pg_wal', fileName)).catch(() => undefined),
    stat(join(spool, 'current', 'acknowledged', fileName)).catch(() => undefined),
  ]);
  // A file that is gone has been archived, and recycled.
  return file === undefined || (mark !== undefined && mark.mtimeMs > file.mtimeMs);
}

async function notPushed(options: DrainOptions): Promise<string[]> {
  const names = await readReadyFiles(options.dataDirectory);
  const pushed = await Promise.all(names.map((name) => isAcknowledged(options, name)));
  return names.filter((_, index) => pushed[index] !== true);
}

/** Waits. True if everything is in the archive. */
export async function drainWal(options: DrainOptions): Promise<boolean> {
  const { patienceMs, report } = options;
  let left = await notPushed(options);
  const fileCount = left.length;
  if (fileCount === 0) return true;
  report({ kind: 'draining', fileCount });
  let progressMs = Date.now();
  while (Date.now() - progressMs < patienceMs) {
    await sleep(LOOK_MS);
    const now = await notPushed(options);
    if (now.length === 0) {
      report({ kind: 'drained', fileCount });
      return true;
    }
    if (now.length < left.length) progressMs = Date.now();
    left = now;
  }
  report({ kind: 'notDrained', fileNames: left });
  return false;
}
