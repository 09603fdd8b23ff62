/**
 * The lease of an archive: of several agents, one takes backups, heals and prunes.
 *
 * It needs nothing of a store but creation-if-absent and listings, and trusts no clock but each agent's own. The highest
 * term counts. Its holder renews it by creating the next one; another agent may create the next one when it has seen the
 * highest unchanged for {@link LeaseTimes.expiresMs}, or knows that its holder has ended. A holder that could not renew for
 * {@link LeaseTimes.heldMs}, which is shorter, has stopped by then: its signal aborts. Who creates a term looks again
 * whether it is the highest, since an agent that was asleep may create one that others have passed and removed. The
 * highest term is never removed: numbers do not begin anew.
 *
 * WAL is pushed without a lease: of two servers on one archive the store's content decides (`src/archive/push.ts`).
 *
 * @module
 */

import { isKnownDead } from '../instance/process-space.ts';
import type { CallOptions, ObjectStore } from '../storage/object-store.ts';
import {
  formatTerm,
  LEASE_FOLDER,
  leaseKey,
  leaseNumberOf,
  MAX_AGENT_OBJECT_BYTES,
  parseTerm,
  type AgentIdentity,
  type LeaseTerm,
} from './lease-term.ts';
import { WaitingAgents } from './waiting-agents.ts';

/** How long a term lasts. */
export interface LeaseTimes {
  /** Others wait so long, from when they saw the term, before they take the next. */
  readonly expiresMs: number;
  /** The holder counts on it so long, from before it created the term. */
  readonly heldMs: number;
}

/** Milliseconds, from anywhere. */
export interface LeaseClock {
  /** Never set; may stand still while the machine sleeps. */
  readonly steadyMs: () => number;
  /** May be set; goes on while the machine sleeps. */
  readonly wallMs: () => number;
}

/** What the lease needs. */
export interface LeaseOptions {
  readonly store: ObjectStore;
  readonly self: AgentIdentity;
  /** Where its terms are; those of the archive's lease unless told. Agents that wait leave notes for that one only. */
  readonly folder?: string;
  readonly times?: LeaseTimes;
  readonly clock?: LeaseClock;
}

/** Who has the archive, as last seen. */
export type LeaseView =
  | { readonly kind: 'held'; readonly signal: AbortSignal; readonly waiting: readonly AgentIdentity[] }
  | { readonly kind: 'elsewhere'; readonly holder: AgentIdentity };

export const LEASE_TIMES: LeaseTimes = { expiresMs: 90_000, heldMs: 60_000 };
const CLOCK: LeaseClock = { steadyMs: () => performance.now(), wallMs: () => Date.now() };

interface Moment {
  readonly steadyMs: number;
  readonly wallMs: number;
}

interface Tenure {
  readonly number: bigint;
  /** Before its term was created. */
  readonly since: Moment;
  readonly lost: AbortController;
}

/** One agent's part in it. */
export class ArchiveLease {
  readonly #store: ObjectStore;
  readonly #self: AgentIdentity;
  readonly #folder: string;
  readonly #times: LeaseTimes;
  readonly #clock: LeaseClock;
  readonly #waiting: WaitingAgents | undefined;
  #tenure: Tenure | undefined;
  #expiry: NodeJS.Timeout | undefined;
  /** Another's highest term, and since when it is seen. */
  #seen: { readonly term: LeaseTerm; readonly sinceMs: number } | undefined;

  constructor({ store, self, folder = LEASE_FOLDER, times = LEASE_TIMES, clock = CLOCK }: LeaseOptions) {
    this.#store = store;
    this.#self = self;
    this.#folder = folder;
    this.#times = times;
    this.#clock = clock;
    this.#waiting =
      folder === LEASE_FOLDER ? new WaitingAgents(store, self, times.expiresMs, clock.steadyMs) : undefined;
  }

  /** How long to wait between two looks. */
  get pauseMs(): number {
    return Math.floor(this.#times.heldMs / 3);
  }

  /** Aborts when the lease is lost; `undefined` while it is not held. */
  get signal(): AbortSignal | undefined {
    if (this.#tenure !== undefined && this.#leftMs(this.#tenure.since) <= 0) this.#lose();
    return this.#tenure?.lost.signal;
  }

  /** Renews the lease, or takes it if nobody has it. @throws {Failure} what the store throws; the lease then runs on. */
  async look(signal?: AbortSignal): Promise<LeaseView> {
    const since = { steadyMs: this.#clock.steadyMs(), wallMs: this.#clock.wallMs() };
    const options = signal === undefined ? {} : { signal };
    const held = this.#tenure?.number;
    const number = held === undefined ? await this.#claimable(options) : held + 1n;
    const isHeld = number !== undefined && (await this.#create(number, options)) && this.#hold(number, since);
    if (!isHeld) {
      this.#lose();
      await this.#waiting?.announce(options);
      return { kind: 'elsewhere', holder: (this.#seen?.term ?? parseTerm(0n, Buffer.alloc(0))).holder };
    }
    await this.#waiting?.withdraw(options);
    const waiting = (await this.#waiting?.look(options)) ?? [];
    const lost = this.#tenure?.lost.signal ?? AbortSignal.abort();
    return { kind: 'held', signal: lost, waiting };
  }

  /** Gives it up, so that another can have it at once. Throws nothing. */
  async release(): Promise<void> {
    const number = this.#tenure?.number;
    this.#lose();
    const body = formatTerm({ holder: this.#self, isReleased: true });
    if (number !== undefined) await this.#store.put(this.#key(number + 1n), body, { ifAbsent: true }).catch(() => {});
    await this.#waiting?.withdraw().catch(() => {});
  }

  /** What is left of a tenure; by the clock that has gone farther, since one may have stood still. */
  #leftMs(since: Moment): number {
    const steadyMs = this.#clock.steadyMs() - since.steadyMs;
    const wallMs = this.#clock.wallMs() - since.wallMs;
    return this.#times.heldMs - Math.max(steadyMs, wallMs);
  }

  /** False if it is over before it could be used. */
  #hold(number: bigint, since: Moment): boolean {
    clearTimeout(this.#expiry);
    const leftMs = this.#leftMs(since);
    if (leftMs <= 0) return false;
    this.#tenure = { number, since, lost: this.#tenure?.lost ?? new AbortController() };
    this.#seen = undefined;
    this.#expiry = setTimeout(() => this.#lose(), leftMs).unref();
    return true;
  }

  #lose(): void {
    clearTimeout(this.#expiry);
    const lost = this.#tenure?.lost;
    this.#tenure = undefined;
    lost?.abort(new Error('another agent may have the archive'));
  }

  /** Creates a term. True if it is this agent's, and the highest; then those below it are removed. */
  async #create(number: bigint, options: CallOptions): Promise<boolean> {
    const body = formatTerm({ holder: this.#self, isReleased: false });
    const outcome = await this.#store.put(this.#key(number), body, { ...options, ifAbsent: true });
    const numbers = await this.#numbers(options);
    const isHighest = numbers.every((other) => other <= number);
    // A call whose answer was lost has created it all the same.
    const isOwn = outcome === 'written' || (await this.#read(number, options)).holder.id === this.#self.id;
    if (!isOwn || !isHighest) {
      await this.#claimable(options);
      return false;
    }
    const passed = numbers.filter((other) => other < number);
    if (passed.length > 0)
      await this.#store.delete(
        passed.map((one) => this.#key(one)),
        options,
      );
    return true;
  }

  async #numbers(options: CallOptions): Promise<bigint[]> {
    const { objects } = await this.#store.listFolder(this.#folder, options);
    return objects.flatMap(({ key }) => leaseNumberOf(key, this.#folder) ?? []);
  }

  #key(number: bigint): string {
    return leaseKey(number, this.#folder);
  }

  async #read(number: bigint, options: CallOptions): Promise<LeaseTerm> {
    const range = { startByte: 0, lengthBytes: MAX_AGENT_OBJECT_BYTES + 1 };
    const bytes = await this.#store.get(this.#key(number), { ...options, range });
    return parseTerm(number, bytes ?? Buffer.alloc(0));
  }

  /** The term that may be created now; `undefined` if another agent has the archive, which is seen then. */
  async #claimable(options: CallOptions): Promise<bigint | undefined> {
    const numbers = await this.#numbers(options);
    const highest = numbers.reduce<bigint | undefined>(
      (most, one) => (most === undefined || one > most ? one : most),
      undefined,
    );
    if (highest === undefined) return 1n;
    const now = this.#clock.steadyMs();
    if (this.#seen?.term.number !== highest) this.#seen = { term: await this.#read(highest, options), sinceMs: now };
    const { term, sinceMs } = this.#seen;
    const { holder, isReleased } = term;
    const isOver = isReleased || holder.id === this.#self.id || isKnownDead(holder.processSpace, holder.processId);
    return isOver || now - sinceMs >= this.#times.expiresMs ? highest + 1n : undefined;
  }
}
