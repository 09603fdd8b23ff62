/**
 * Closes holes behind the newest backup once, without the lease, as soon as the server is a primary.
 *
 * After a promotion the first checkpoint removes segments that the primary before may not have archived, since a standby
 * takes them for archived; the lease of an agent whose host is gone passes on later. Pushing overwrites nothing, so two
 * agents may do it at a time. What is lost is for the holder of the lease to say, since a fresh backup follows.
 *
 * @module
 */

import { listBackups } from '../backup/list.ts';
import { newestOnLine } from '../backup/newest-on-line.ts';
import { readPrimary } from './server-line.ts';
import { closeHoles, type ChainWatchOptions } from './watch-chain.ts';

/** For one agent, with the signal that ends it. */
export class FirstHealing {
  readonly #options: ChainWatchOptions & { readonly signal: AbortSignal };
  #isDone = false;

  constructor(options: ChainWatchOptions & { readonly signal: AbortSignal }) {
    this.#options = options;
  }

  /** Heals, unless it has since the server became a primary. @throws what the store throws; then it is to be done yet. */
  async look(isPrimary: boolean): Promise<void> {
    if (!isPrimary) this.#isDone = false;
    else if (!this.#isDone) this.#isDone = await this.#heal();
  }

  /** False if the server is no primary after all. */
  async #heal(): Promise<boolean> {
    const { store, dataDirectory, signal } = this.#options;
    const server = await readPrimary(store, dataDirectory, signal);
    if (server === undefined) return false;
    const newest = newestOnLine(await listBackups(store, signal), server.line);
    if (newest === undefined) return true;
    await closeHoles(this.#options, { server, signal }, newest.startLsn);
    return true;
  }
}
