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
 * An agent that may not delete leaves the terms that it passed. They are no different from passed ones that somebody is about
 * to remove: the highest counts. So that they do not become many, its terms last longer, and say so.
 *
 * A server that has crashed is not told from one that runs, and its agent would renew for ever. So agents that wait say the
 * timeline of their server, and one whose server is on a lower timeline lets them go first: theirs was promoted since.
 *
 * WAL is pushed without a lease: of two servers on one archive the store's content decides (`src/archive/push.ts`).
 *
 * @module
 */

import type { Failure } from '../base/failure.ts';
import { isKnownDead } from '../instance/process-space.ts';
import type { CallOptions, ObjectStore } from '../storage/object-store.ts';
import { LEASE_FOLDER, parseTerm, type AgentIdentity, type LeaseTerm } from './lease-term.ts';
import { LeaseTerms } from './lease-terms.ts';
import { successorOf, WaitingAgents, type WaitingAgent } from './waiting-agents.ts';

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
  /** Told that objects of the lease stay, since they may not be deleted; once. */
  readonly onUndeleted?: OnUndeleted | undefined;
}

/** Receives the failure of a deletion that nothing depends on. */
export type OnUndeleted = (failure: Failure) => void;

/** Who has the archive, as last seen. */
export type LeaseView =
  | { readonly kind: 'held'; readonly signal: AbortSignal; readonly waiting: readonly AgentIdentity[] }
  | { readonly kind: 'elsewhere'; readonly holder: AgentIdentity; readonly holderTimeline: number | undefined };

export const LEASE_TIMES: LeaseTimes = { expiresMs: 90_000, heldMs: 60_000 };
/** So many times longer do terms last that nobody removes: some two hundred a day. */
const LASTING_FACTOR = 20;
const CLOCK: LeaseClock = { steadyMs: () => performance.now(), wallMs: () => Date.now() };

interface Moment {
  readonly steadyMs: number;
  readonly wallMs: number;
}

interface Tenure {
  readonly number: bigint;
  /** Before its term was created. */
  readonly since: Moment;
  readonly heldMs: number;
  readonly lost: AbortController;
}

/** One agent's part in it. */
export class ArchiveLease {
  readonly #terms: LeaseTerms;
  readonly #self: AgentIdentity;
  readonly #times: LeaseTimes;
  readonly #clock: LeaseClock;
  readonly #waiting: WaitingAgents | undefined;
  /** Where this agent's server is. */
  #at: Pick<LeaseTerm, 'timeline'> = {};
  /** Who waits, and goes first. */
  #successor: WaitingAgent | undefined;
  #tenure: Tenure | undefined;
  #expiry: NodeJS.Timeout | undefined;
  /** Another's highest term, and since when it is seen. */
  #seen: { readonly term: LeaseTerm; readonly sinceMs: number } | undefined;
  readonly #onUndeleted: OnUndeleted | undefined;
  #isToldUndeleted = false;

  constructor(options: LeaseOptions) {
    const { store, self, folder = LEASE_FOLDER, times = LEASE_TIMES, clock = CLOCK } = options;
    this.#self = self;
    this.#times = times;
    this.#clock = clock;
    this.#onUndeleted = options.onUndeleted;
    const { expiresMs: silenceMs } = times;
    const onUndeleted: OnUndeleted = (failure) => this.#tellUndeleted(failure);
    this.#terms = new LeaseTerms({ store, folder, steadyMs: clock.steadyMs, onUndeleted });
    this.#waiting =
      folder === LEASE_FOLDER
        ? new WaitingAgents({ store, self, silenceMs, nowMs: clock.steadyMs, onUndeleted })
        : undefined;
  }

  /** How long to wait between two looks. */
  get pauseMs(): number {
    return Math.floor(this.#times.heldMs / 3);
  }

  /** Aborts when the lease is lost; `undefined` while it is not held. */
  get signal(): AbortSignal | undefined {
    if (this.#tenure !== undefined && this.#leftMs(this.#tenure) <= 0) this.#lose();
    return this.#tenure?.lost.signal;
  }

  /**
   * Renews the lease, or takes it if nobody has it.
   *
   * @param timeline of this agent's server: it holds back where one of a higher timeline waits.
   * @throws {Failure} what the store throws; the lease then runs on.
   */
  async look(signal?: AbortSignal, timeline?: number): Promise<LeaseView> {
    this.#at = timeline === undefined ? {} : { timeline };
    this.#successor = undefined;
    const since = { steadyMs: this.#clock.steadyMs(), wallMs: this.#clock.wallMs() };
    const options = signal === undefined ? {} : { signal };
    if (!this.#isFresh() && !(await this.#renew(since, options))) return this.#wait(options);
    await this.#waiting?.withdraw(options);
    const waiting = await this.#lookWhoWaits(options);
    if (this.#successor !== undefined) {
      await this.release();
      return this.#wait(options);
    }
    const lost = this.#tenure?.lost.signal ?? AbortSignal.abort();
    return { kind: 'held', signal: lost, waiting: waiting.map(({ holder }) => holder) };
  }

  async #wait(options: CallOptions): Promise<LeaseView> {
    this.#lose();
    await this.#waiting?.announce(this.#at, options);
    const { holder, timeline } = this.#successor ?? this.#seen?.term ?? parseTerm(0n, Buffer.alloc(0));
    return { kind: 'elsewhere', holder, holderTimeline: timeline };
  }

  async #lookWhoWaits(options: CallOptions): Promise<readonly WaitingAgent[]> {
    const waiting = (await this.#waiting?.look(options)) ?? [];
    this.#successor = successorOf(this.#at.timeline, waiting);
    return waiting;
  }

  /** Gives it up, so that another can have it at once. Throws nothing. */
  async release(): Promise<void> {
    const number = this.#tenure?.number;
    this.#lose();
    if (number !== undefined) await this.#createReleased(number + 1n);
    await this.#waiting?.withdraw().catch(() => {});
  }

  /** A term of this agent's that is still the last one, because giving it up has failed, or the agent began anew. */
  async #releaseOwn(next: bigint): Promise<void> {
    const term = this.#seen?.term;
    if (term !== undefined && !term.isReleased && term.holder.id === this.#self.id) await this.#createReleased(next);
  }

  /** Throws nothing: without it others wait until the term before is over. */
  async #createReleased(number: bigint): Promise<void> {
    const term = { number, holder: this.#self, isReleased: true, ...this.#at };
    await this.#terms.create(term, {}).catch(() => {});
  }

  /** True if it lasts longer than usual, and most of that is left. */
  #isFresh(): boolean {
    const tenure = this.#tenure;
    if (tenure === undefined || tenure.heldMs <= this.#times.heldMs) return false;
    return this.#leftMs(tenure) > (tenure.heldMs * 2) / 3;
  }

  /** Takes the next term. True if it is held then. */
  async #renew(since: Moment, options: CallOptions): Promise<boolean> {
    const held = this.#tenure?.number;
    const factor = this.#terms.doStay ? LASTING_FACTOR : 1;
    const number = held === undefined ? await this.#claimable(options) : held + 1n;
    if (held === undefined && number !== undefined) await this.#lookWhoWaits(options);
    if (number === undefined) return false;
    if (this.#successor !== undefined) {
      await this.#releaseOwn(number);
      return false;
    }
    if (!(await this.#create(number, factor, options))) return false;
    return this.#hold({ number, since, heldMs: this.#times.heldMs * factor });
  }

  /** What is left of a tenure; by the clock that has gone farther, since one may have stood still. */
  #leftMs({ since, heldMs }: Pick<Tenure, 'since' | 'heldMs'>): number {
    const steadyMs = this.#clock.steadyMs() - since.steadyMs;
    const wallMs = this.#clock.wallMs() - since.wallMs;
    return heldMs - Math.max(steadyMs, wallMs);
  }

  /** False if it is over before it could be used. */
  #hold(term: Omit<Tenure, 'lost'>): boolean {
    clearTimeout(this.#expiry);
    const leftMs = this.#leftMs(term);
    if (leftMs <= 0) return false;
    this.#tenure = { ...term, lost: this.#tenure?.lost ?? new AbortController() };
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
  async #create(number: bigint, factor: number, options: CallOptions): Promise<boolean> {
    const expiry = factor === 1 ? {} : { expiresMs: this.#times.expiresMs * factor };
    const term = { number, holder: this.#self, isReleased: false, ...expiry, ...this.#at };
    const outcome = await this.#terms.create(term, options);
    const others = await this.#terms.beside(number, options);
    const isHighest = others.every((other) => other < number);
    // A call whose answer was lost has created it all the same.
    const isOwn = outcome === 'written' || this.#isSame(await this.#terms.read(number, options), expiry);
    if (!isOwn || !isHighest) {
      await this.#claimable(options);
      return false;
    }
    await this.#terms.remove(others, options);
    return true;
  }

  #isSame({ holder, expiresMs }: LeaseTerm, expiry: Pick<LeaseTerm, 'expiresMs'>): boolean {
    return holder.id === this.#self.id && expiresMs === expiry.expiresMs;
  }

  #tellUndeleted(failure: Failure): void {
    if (!this.#isToldUndeleted) this.#onUndeleted?.(failure);
    this.#isToldUndeleted = true;
  }

  /** The term that may be created now; `undefined` if another agent has the archive, which is seen then. */
  async #claimable(options: CallOptions): Promise<bigint | undefined> {
    const highest = await this.#terms.highest(this.#seen?.term.number, options);
    if (highest === undefined) return 1n;
    const now = this.#clock.steadyMs();
    if (this.#seen?.term.number !== highest)
      this.#seen = { term: await this.#terms.read(highest, options), sinceMs: now };
    const { term, sinceMs } = this.#seen;
    const { holder, isReleased, expiresMs = this.#times.expiresMs } = term;
    const isOver = isReleased || holder.id === this.#self.id || isKnownDead(holder.processSpace, holder.processId);
    return isOver || now - sinceMs >= expiresMs ? highest + 1n : undefined;
  }
}
