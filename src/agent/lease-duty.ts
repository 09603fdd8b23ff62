/**
 * The duty that the others hang on: whether the server is a primary, and whether this agent has the archive's lease.
 *
 * @module
 */

import type { ObjectStore } from '../storage/object-store.ts';
import type { ReportDutyEvent } from './duty-event.ts';
import { ArchiveLease, type LeaseTimes, type LeaseView, type OnUndeleted } from './lease.ts';
import type { AgentIdentity } from './lease-term.ts';
import { readPrimary } from './server-line.ts';

/** What it needs. */
export interface LeaseDutyOptions {
  readonly store: ObjectStore;
  readonly self: AgentIdentity;
  readonly dataDirectory: string;
  readonly leaseTimes?: LeaseTimes;
  readonly onUndeleted?: OnUndeleted | undefined;
  readonly report: ReportDutyEvent;
  /** Of the agent. */
  readonly signal: AbortSignal;
}

const NOT_PRIMARY_PAUSE_MS = 1000;

/** Of one agent. */
export class LeaseDuty {
  readonly #options: LeaseDutyOptions;
  readonly #onHeld: () => void;
  readonly #lease: ArchiveLease;
  readonly #waitingIds = new Set<string>();
  /** What was told last: nothing is told twice. */
  #told: string | undefined;
  #isPrimary: boolean | undefined;

  /** @param onHeld called when the lease is had anew. */
  constructor(options: LeaseDutyOptions, onHeld: () => void) {
    this.#options = options;
    this.#onHeld = onHeld;
    const { store, self, leaseTimes: times, onUndeleted } = options;
    this.#lease = new ArchiveLease({ store, self, onUndeleted, ...(times === undefined ? {} : { times }) });
  }

  /** Aborts when the lease is lost; `undefined` while it is not held. */
  get signal(): AbortSignal | undefined {
    return this.#lease.signal;
  }

  /** As last seen. */
  get isPrimary(): boolean {
    return this.#isPrimary === true;
  }

  /** A server that is promoted is noticed at once: looking at it asks no store. */
  get pauseMs(): number {
    return this.#isPrimary === false ? NOT_PRIMARY_PAUSE_MS : this.#lease.pauseMs;
  }

  /** Looks at the server, then at the lease. @throws what the store throws. */
  async look(): Promise<void> {
    const { store, dataDirectory, report, signal } = this.#options;
    const server = await readPrimary(store, dataDirectory, signal).catch(() => undefined);
    this.#isPrimary = server !== undefined;
    if (server === undefined) {
      if (this.#lease.signal !== undefined) await this.#lease.release();
      this.#tell('notPrimary', () => report({ kind: 'notPrimary' }));
      return;
    }
    const { timeline } = server.line;
    const view = await this.#lease.look(signal, timeline);
    if (view.kind === 'held') this.#holds(view);
    else this.#waits(view, timeline);
  }

  /** Gives it up. Throws nothing. */
  async release(): Promise<void> {
    await this.#lease.release();
  }

  #holds({ waiting }: Extract<LeaseView, { kind: 'held' }>): void {
    const { report } = this.#options;
    report({ kind: 'otherAgents', count: waiting.length });
    this.#tell('held', () => {
      this.#onHeld();
      report({ kind: 'leaseHeld' });
    });
    for (const agent of waiting) {
      if (!this.#waitingIds.has(agent.id)) report({ kind: 'agentWaits', agent });
      this.#waitingIds.add(agent.id);
    }
  }

  #waits({ holder, holderTimeline }: Extract<LeaseView, { kind: 'elsewhere' }>, timeline: number): void {
    const { report } = this.#options;
    report({ kind: 'otherAgents', count: 1 });
    this.#tell(`elsewhere ${holder.id} ${holderTimeline} ${timeline}`, () =>
      report({ kind: 'leaseElsewhere', holder, holderTimeline, timeline }),
    );
  }

  #tell(standing: string, tell: () => void): void {
    if (this.#told === standing) return;
    this.#told = standing;
    tell();
  }
}
