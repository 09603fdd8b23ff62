/**
 * The turn to take a backup: of all agents of an archive, those of replicas included, one has it at a time.
 *
 * It is a lease of its own, held while a backup is taken. An agent that ended with it is waited for as for the archive's
 * lease, after which its backup has stopped: it loses its signal before another may have the turn.
 *
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises';

import type { ObjectStore } from '../storage/object-store.ts';
import { ArchiveLease, type LeaseTimes, type OnUndeleted } from './lease.ts';
import { BACKUP_TURN_FOLDER, type AgentIdentity } from './lease-term.ts';

/** What the turn needs. */
export interface BackupTurnOptions {
  readonly store: ObjectStore;
  readonly self: AgentIdentity;
  readonly leaseTimes?: LeaseTimes;
  readonly onUndeleted?: OnUndeleted | undefined;
}

/** One agent's part in it. */
export class BackupTurn {
  readonly #lease: ArchiveLease;

  constructor({ store, self, leaseTimes: times, onUndeleted }: BackupTurnOptions) {
    this.#lease = new ArchiveLease({
      store,
      self,
      folder: BACKUP_TURN_FOLDER,
      onUndeleted,
      ...(times === undefined ? {} : { times }),
    });
  }

  /**
   * Works, if nobody else has the turn, with a signal that aborts when it is lost. @returns false if somebody has it.
   *
   * @throws what the work throws, and what the store throws when it is asked for the turn.
   */
  async take(work: (signal: AbortSignal) => Promise<void>, signal: AbortSignal): Promise<boolean> {
    const view = await this.#lease.look(signal);
    if (view.kind === 'elsewhere') return false;
    const done = new AbortController();
    const renewing = this.#renew(AbortSignal.any([signal, done.signal]));
    try {
      await work(AbortSignal.any([signal, view.signal]));
      return true;
    } finally {
      done.abort();
      await renewing;
      await this.#lease.release();
    }
  }

  /** A store that is away is asked again; the lease runs on meanwhile, and aborts the work when it is over. */
  async #renew(signal: AbortSignal): Promise<void> {
    for (;;) {
      await sleep(this.#lease.pauseMs, undefined, { signal }).catch(() => {});
      if (signal.aborted || this.#lease.signal === undefined) return;
      await this.#lease.look(signal).catch(() => {});
    }
  }
}
