/**
 * Which other agents wait for an archive: each writes a note again and again, and who holds the lease looks which of them
 * change. Notes of agents that have ended are removed.
 *
 * @module
 */

import { leftUndeleted } from '../backup/left-undeleted.ts';
import type { Failure } from '../base/failure.ts';
import { isKnownDead } from '../instance/process-space.ts';
import type { CallOptions, ObjectInfo, ObjectStore } from '../storage/object-store.ts';
import {
  formatTerm,
  MAX_AGENT_OBJECT_BYTES,
  parseTerm,
  WAITING_FOLDER,
  waitingKey,
  type AgentIdentity,
  type LeaseTerm,
} from './lease-term.ts';

/** An agent that waits, and the timeline of its server as far as it said so. */
export type WaitingAgent = Pick<LeaseTerm, 'holder' | 'timeline'>;

interface Note {
  readonly modifiedMs: number;
  /** When the note was last seen to change, by the own clock. */
  readonly sinceMs: number;
  readonly agent: WaitingAgent;
}

/** What an agent needs for them. */
export interface WaitingAgentsOptions {
  readonly store: ObjectStore;
  readonly self: AgentIdentity;
  /** A note that was not renewed for so long is of an agent that has ended. */
  readonly silenceMs: number;
  readonly nowMs: () => number;
  /** Told of notes that stay. */
  readonly onUndeleted: (failure: Failure) => void;
}

/** The notes, as one agent writes and sees them. */
export class WaitingAgents {
  readonly #store: ObjectStore;
  readonly #self: AgentIdentity;
  readonly #silenceMs: number;
  readonly #nowMs: () => number;
  readonly #onUndeleted: (failure: Failure) => void;
  readonly #notes = new Map<string, Note>();
  /** Notes of agents that have ended, where they may not be deleted: when each was written last. */
  readonly #ended = new Map<string, number>();
  #isWaiting = false;

  constructor({ store, self, silenceMs, nowMs, onUndeleted }: WaitingAgentsOptions) {
    this.#store = store;
    this.#self = self;
    this.#silenceMs = silenceMs;
    this.#nowMs = nowMs;
    this.#onUndeleted = onUndeleted;
  }

  /** Writes, or renews, the own note. */
  async announce(at: Pick<LeaseTerm, 'timeline'>, options: CallOptions): Promise<void> {
    this.#isWaiting = true;
    const body = formatTerm({ holder: this.#self, isReleased: false, ...at });
    // Where it may not be written anew, the others take this agent for ended.
    await this.#store.put(waitingKey(this.#self), body, options).catch((error: unknown) => this.#leave(error));
  }

  /** Removes the own note, if there is one. */
  async withdraw(options: CallOptions = {}): Promise<void> {
    if (!this.#isWaiting) return;
    await this.#delete([waitingKey(this.#self)], options);
    this.#isWaiting = false;
  }

  /** The others that wait. */
  async look(options: CallOptions): Promise<WaitingAgent[]> {
    const { objects } = await this.#store.listFolder(WAITING_FOLDER, options);
    const others = objects.filter(({ key, modifiedAt }) => {
      return key !== waitingKey(this.#self) && this.#ended.get(key) !== modifiedAt.getTime();
    });
    for (const object of others) await this.#see(object, options);
    const keys = new Set(others.map(({ key }) => key));
    for (const key of this.#notes.keys()) if (!keys.has(key)) this.#notes.delete(key);
    const ended = [...this.#notes].filter(([, note]) => this.#hasEnded(note));
    for (const [key, { modifiedMs }] of ended) {
      this.#notes.delete(key);
      this.#ended.set(key, modifiedMs);
    }
    if (ended.length > 0)
      await this.#delete(
        ended.map(([key]) => key),
        options,
      );
    return [...this.#notes.values()].map(({ agent }) => agent);
  }

  async #delete(keys: readonly string[], options: CallOptions): Promise<void> {
    await this.#store.delete(keys, options).catch((error: unknown) => this.#leave(error));
  }

  /** What may not be changed stays as it is. @throws everything else. */
  #leave(error: unknown): void {
    const failure = leftUndeleted(error);
    if (failure.kind === 'unavailable') throw failure;
    this.#onUndeleted(failure);
  }

  #hasEnded({ sinceMs, agent }: Note): boolean {
    return this.#nowMs() - sinceMs > this.#silenceMs || isKnownDead(agent.holder.processSpace, agent.holder.processId);
  }

  async #see({ key, modifiedAt }: ObjectInfo, options: CallOptions): Promise<void> {
    const modifiedMs = modifiedAt.getTime();
    const known = this.#notes.get(key);
    if (known?.modifiedMs === modifiedMs) return;
    // Its server may be on another timeline since.
    const agent = await this.#read(key, options);
    this.#notes.set(key, { modifiedMs, sinceMs: this.#nowMs(), agent });
  }

  async #read(key: string, options: CallOptions): Promise<WaitingAgent> {
    const range = { startByte: 0, lengthBytes: MAX_AGENT_OBJECT_BYTES + 1 };
    return parseTerm(0n, (await this.#store.get(key, { ...options, range })) ?? Buffer.alloc(0));
  }
}

/** The agent of a server that was promoted since another one's timeline began: it is that one's turn. */
export function successorOf(timeline: number | undefined, waiting: readonly WaitingAgent[]): WaitingAgent | undefined {
  if (timeline === undefined) return undefined;
  return waiting.find((other) => other.timeline !== undefined && other.timeline > timeline);
}
