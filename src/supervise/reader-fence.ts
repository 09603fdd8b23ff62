/**
 * Keeps readers from this member while it is not proven to follow, where they are sent by Patroni's own REST API: its tag
 * `noloadbalance` makes `/replica` and `/read-only` answer 503, in every Patroni, and changes nothing else. And keeps it from leading,
 * by the tag `nofailover`, while it is known to have what the leader has not: such a replica is ahead, and would be chosen first.
 *
 * A tag is set in Patroni's file on the member's own host, so only who runs that Patroni can do it: in the container this is
 * the supervisor. Each Patroni starts without readers, since what it finds is not proven yet; and it may lead, or a cluster whose members
 * were all started anew would never have a leader.
 *
 * Source: `patroni/api.py` (`do_GET`), `patroni/ha.py` (`is_healthiest_node`), `patroni/tags.py`, of Patroni 3.0.2, 4.0 and 4.1.
 *
 * @module
 */

import type { Fenced } from './readiness.ts';

/** What a fence does its work with. */
export interface FenceUses {
  /** Writes Patroni's file. */
  readonly write: (fenced: Fenced) => Promise<void>;
  /** Has the running Patroni read it. */
  readonly reload: () => Promise<void>;
}

/** The fence of one member. */
export class ReaderFence {
  readonly #uses: FenceUses;
  #told: Fenced | undefined;
  #wanted: Fenced | undefined;

  constructor(uses: FenceUses) {
    this.#uses = uses;
  }

  /** What was asked for last, whether or not Patroni could be told. */
  get wanted(): Fenced | undefined {
    return this.#wanted;
  }

  /** Before Patroni is started: it begins fenced. @throws what writing throws. */
  async beforeStart(): Promise<void> {
    this.#told = undefined;
    this.#wanted = 'readers';
    await this.#uses.write('readers');
    this.#told = 'readers';
  }

  /** Tells Patroni, if it was told otherwise; what fails is tried again at the next call. @throws what the uses throw. */
  async set(fenced: Fenced): Promise<void> {
    this.#wanted = fenced;
    if (this.#told === fenced) return;
    this.#told = undefined;
    await this.#uses.write(fenced);
    await this.#uses.reload();
    this.#told = fenced;
  }
}
