/**
 * The archive's backups, as they were last listed: for minutes, since others take and delete some, too. Each new list is told
 * of.
 *
 * @module
 */

import type { Backup } from '../backup/backup.ts';
import { listBackups } from '../backup/list.ts';
import { newestOnLine } from '../backup/newest-on-line.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import type { ReportDutyEvent } from './duty-event.ts';
import type { PrimaryServer } from './server-line.ts';

const BELIEVED_MS = 5 * 60_000;

/** The list. */
export class ListedBackups {
  readonly #store: ObjectStore;
  readonly #report: ReportDutyEvent;
  #listed: { readonly backups: readonly Backup[]; readonly atMs: number } | undefined;

  constructor({ store, report }: { readonly store: ObjectStore; readonly report: ReportDutyEvent }) {
    this.#store = store;
    this.#report = report;
  }

  /** All that were listed; none if they are to be listed anew. */
  get known(): readonly Backup[] {
    return this.#listed?.backups ?? [];
  }

  /** Lists them anew when somebody asks. */
  forget(): void {
    this.#listed = undefined;
  }

  /** The newest that the server can be restored from. @throws what the store throws. */
  async newest({ server, signal }: { server: PrimaryServer; signal: AbortSignal }): Promise<Backup | undefined> {
    const { line } = server;
    const nowMs = Date.now();
    if (this.#listed !== undefined && nowMs - this.#listed.atMs <= BELIEVED_MS) {
      return newestOnLine(this.#listed.backups, line);
    }
    const backups = await listBackups(this.#store, signal);
    this.#listed = { backups, atMs: nowMs };
    const newest = newestOnLine(backups, line);
    this.#tell(newest);
    return newest;
  }

  #tell(newest: Backup | undefined): void {
    this.#report({
      kind: 'newestBackup',
      newest: newest && {
        name: newest.name,
        startedMs: newest.startedAt.getTime(),
        finishedMs: newest.finishedAt.getTime(),
        storedBytes: Number(newest.compressedSizeBytes),
      },
    });
  }
}
