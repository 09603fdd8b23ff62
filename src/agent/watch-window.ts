/**
 * Looks for holes in all the WAL that an archive keeps, from the oldest backup on: WAL that was there when it was pushed may
 * be deleted by somebody later, and moments that could be reached are lost without anybody hearing of it.
 *
 * What was pruned is no hole. A backup that is kept for itself, because it is permanent or deltas build on it, has nothing
 * between it and the next one: WAL is looked at from the first backup on that has.
 *
 * @module
 */

import type { Backup } from '../backup/backup.ts';
import { listBackups } from '../backup/list.ts';
import { backupsOnLine } from '../history/find-moment.ts';
import { lsn } from '../postgres/lsn.ts';
import { formatHistoryName } from '../postgres/timeline-history.ts';
import { formatSegmentName, parseSegmentName, segmentAt } from '../postgres/wal-segment.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { WAL_FOLDER, walFileOf } from '../walg/object-names.ts';
import type { CheckedWindow, ReportDutyEvent } from './duty-event.ts';
import { healChain, type HealOptions } from './heal-chain.ts';
import { findMissingWal } from './missing-wal.ts';
import type { PrimaryServer } from './server-line.ts';

const PAUSE_MS = 3_600_000;
const NOT_NOW_PAUSE_MS = 1000;

/** What does not change while an agent runs. */
export type WindowWatchOptions = Pick<HealOptions, 'store' | 'dataDirectory' | 'compression' | 'report'> & {
  /** `store` unless told. */
  readonly whole?: ObjectStore;
  /** Until there is a backup. */
  readonly chainPauseMs: number;
};

/** Looks again and again: when it may for the first time, and every hour then. */
export class WindowWatch {
  /** How long to wait until the next look. */
  pauseMs: number = NOT_NOW_PAUSE_MS;
  readonly #options: WindowWatchOptions;
  #firstMissing: string | undefined;

  constructor(options: WindowWatchOptions) {
    this.#options = options;
  }

  /** @param charge `undefined` while another agent looks after the archive. @throws what the store throws. */
  async look(charge: Pick<HealOptions, 'server' | 'signal'> | undefined): Promise<void> {
    const { store, whole = store, dataDirectory, compression, report, chainPauseMs } = this.#options;
    this.pauseMs = NOT_NOW_PAUSE_MS;
    if (charge === undefined) return;
    const window = await watchWindow({ store, whole, dataDirectory, compression, report, ...charge });
    this.pauseMs = window === undefined ? chainPauseMs : PAUSE_MS;
    if (window !== undefined) this.#tell(window, report);
  }

  #tell(window: CheckedWindow, report: ReportDutyEvent): void {
    const { firstMissing } = window;
    report({ kind: 'windowChecked', ...window });
    if (firstMissing !== undefined && firstMissing !== this.#firstMissing) report({ kind: 'windowBroken', ...window });
    this.#firstMissing = firstMissing;
  }
}

/**
 * Looks, and heals from `pg_wal` what is still there. `undefined` if there is no backup, or somebody deletes them just now.
 *
 * @throws what the store throws.
 */
export async function watchWindow(options: HealOptions): Promise<CheckedWindow | undefined> {
  const { store, dataDirectory, server, signal } = options;
  const begin = await beginOfWindow(store, await listBackups(store, signal), server, signal);
  if (begin === undefined) return undefined;
  const chain = await findMissingWal(store, dataDirectory, server, begin.startLsn, { signal });
  const lost = await healChain(chain, options);
  const [firstMissing] = lost;
  if (firstMissing === undefined) return { backupName: begin.name, missingCount: 0 };
  // Backups go before their WAL does.
  if (!(await listBackups(store, signal)).some(({ name }) => name === begin.name)) return undefined;
  const healedCount = chain.missing.length - lost.length;
  return { backupName: begin.name, missingCount: chain.missingCount - healedCount, firstMissing };
}

/** The oldest backup of the line that WAL is kept behind; `undefined` if the line has none. */
async function beginOfWindow(
  store: ObjectStore,
  backups: readonly Backup[],
  server: PrimaryServer,
  signal: AbortSignal,
): Promise<Backup | undefined> {
  const onLine = backupsOnLine({ line: server.line, backups });
  for (const [at, backup] of onLine.entries()) {
    const next = onLine[at + 1];
    if (next === undefined || (await hasWalBetween(store, backup, next, server, signal))) return backup;
  }
  return undefined;
}

/** True if WAL is there that neither of the two needs for itself, or if there is no room for any. */
async function hasWalBetween(
  store: ObjectStore,
  backup: Pick<Backup, 'timeline' | 'finishLsn'>,
  next: Pick<Backup, 'timeline' | 'startLsn'>,
  { line, walSegmentSizeBytes: size }: PrimaryServer,
  signal: AbortSignal,
): Promise<boolean> {
  const last = segmentAt(backup.timeline, lsn(backup.finishLsn - 1n), size).index;
  const first = segmentAt(next.timeline, next.startLsn, size).index;
  if (last + 1n >= first) return true;
  const timelines = [...line.ancestors.map((ancestor) => ancestor.timeline), line.timeline].filter(
    (timeline) => timeline >= backup.timeline && timeline <= next.timeline,
  );
  for (const timeline of timelines) {
    const prefix = `${WAL_FOLDER}${formatHistoryName(timeline).slice(0, 8)}`;
    const after = `${WAL_FOLDER}${formatSegmentName({ timeline, index: last }, size)}~`;
    for await (const { key } of store.list(prefix, { after, signal })) {
      const file = walFileOf(key);
      if (file?.kind !== 'segment') continue;
      const segment = parseSegmentName(file.fileName, size);
      if (segment !== undefined && segment.index < first) return true;
      break;
    }
  }
  return false;
}
