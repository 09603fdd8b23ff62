/**
 * Keeps readers from this member while it is not proven to follow, where they are sent by Patroni's own REST API: its tag
 * `noloadbalance` makes `/replica` and `/read-only` answer 503, in every Patroni, and changes nothing else.
 *
 * A tag is set in Patroni's file on the member's own host, so only who runs that Patroni can do it: in the container this is
 * the supervisor. Each Patroni starts with it, since what it finds is not proven yet.
 *
 * Source: `patroni/api.py` (`do_GET`), `patroni/tags.py`, of Patroni 3.0.2, 4.0 and 4.1.
 *
 * @module
 */

/** What a fence does its work with. */
export interface FenceUses {
  /** Writes Patroni's file. */
  readonly write: (isFenced: boolean) => Promise<void>;
  /** Has the running Patroni read it. */
  readonly reload: () => Promise<void>;
}

/** The fence of one member. */
export class ReaderFence {
  readonly #uses: FenceUses;
  #isFenced: boolean | undefined;

  constructor(uses: FenceUses) {
    this.#uses = uses;
  }

  /** Before Patroni is started: it begins fenced. @throws what writing throws. */
  async beforeStart(): Promise<void> {
    this.#isFenced = undefined;
    await this.#uses.write(true);
    this.#isFenced = true;
  }

  /** Tells Patroni, if it was told otherwise; what fails is tried again at the next call. @throws what the uses throw. */
  async set(isFenced: boolean): Promise<void> {
    if (this.#isFenced === isFenced) return;
    this.#isFenced = undefined;
    await this.#uses.write(isFenced);
    await this.#uses.reload();
    this.#isFenced = isFenced;
  }
}
