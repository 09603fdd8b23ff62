/**
 * Looks for holes in the WAL behind the newest backup, again and again, and closes them from `pg_wal`.
 *
 * @module
 */

import type { Lsn } from '../postgres/lsn.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { healChain, type HealOptions } from './heal-chain.ts';
import type { ListedBackups } from './listed-backups.ts';
import { findMissingWal, type WalChain } from './missing-wal.ts';

/** What does not change while an agent runs. */
export type ChainWatchOptions = Pick<HealOptions, 'store' | 'dataDirectory' | 'compression' | 'report'> & {
  /** `store` unless told. */
  readonly whole?: ObjectStore;
};

/** Closes the holes from a position on as far as can be. Answers with what was missing, and the names of what is lost. */
export async function closeHoles(
  { store, whole = store, dataDirectory, compression, report }: ChainWatchOptions,
  { server, signal }: Pick<HealOptions, 'server' | 'signal'>,
  fromLsn: Lsn,
): Promise<{ readonly chain: WalChain; readonly lost: readonly string[] }> {
  const chain = await findMissingWal(store, dataDirectory, server, fromLsn, { signal });
  const lost = await healChain(chain, { store, whole, dataDirectory, compression, server, report, signal });
  return { chain, lost };
}

/** What the agent that has the lease knows of the chain. */
export class ChainWatch {
  readonly #options: ChainWatchOptions;
  readonly #listed: ListedBackups;
  #firstLost: string | undefined;

  constructor(options: ChainWatchOptions, listed: ListedBackups) {
    this.#options = options;
    this.#listed = listed;
  }

  /** The first file behind the newest backup that is lost: no recovery from that one gets past it. */
  get firstLost(): string | undefined {
    return this.#firstLost;
  }

  /** A newer backup is there, which none of what is lost is behind. */
  begin(): void {
    this.#firstLost = undefined;
    this.#listed.forget();
  }

  /** @throws what the store throws. */
  async look(charge: Pick<HealOptions, 'server' | 'signal'>): Promise<void> {
    const newest = await this.#listed.newest(charge);
    if (newest === undefined) return;
    const { chain, lost } = await closeHoles(this.#options, charge, newest.startLsn);
    // A backup that was taken meanwhile may be behind all of it.
    if ((await this.#listed.newest(charge))?.name !== newest.name) return;
    const { report } = this.#options;
    const { segmentCount, missingCount } = chain;
    report({ kind: 'chainChecked', segmentCount, missingCount: lost.length === 0 ? 0 : missingCount });
    const [firstMissing] = lost;
    if (firstMissing !== undefined && firstMissing !== this.#firstLost) {
      report({ kind: 'lost', firstMissing, segmentCount: lost.length });
    }
    this.#firstLost = firstMissing;
  }
}
