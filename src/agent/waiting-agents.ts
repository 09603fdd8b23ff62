/**
 * Which other agents wait for an archive: each writes a note again and again, and who holds the lease looks which of them
 * change. Notes of agents that have ended are removed.
 *
 * @module
 */

import { isKnownDead } from '../instance/process-space.ts';
import type { CallOptions, ObjectInfo, ObjectStore } from '../storage/object-store.ts';
import {
  formatTerm,
  MAX_AGENT_OBJECT_BYTES,
  parseTerm,
  WAITING_FOLDER,
  waitingKey,
  type AgentIdentity,
} from './lease-term.ts';

interface Note {
  readonly modifiedMs: number;
  /** When the note was last seen to change, by the own clock. */
  readonly sinceMs: number;
  readonly agent: AgentIdentity;
}

/** The notes, as one agent writes and sees them. */
export class WaitingAgents {
  readonly #store: ObjectStore;
  readonly #self: AgentIdentity;
  /** A note that was not renewed for so long is of an agent that has ended. */
  readonly #silenceMs: number;
  readonly #nowMs: () => number;
  readonly #notes = new Map<string, Note>();
  #isWaiting = false;

  constructor(store: ObjectStore, self: AgentIdentity, silenceMs: number, nowMs: () => number) {
    this.#store = store;
    this.#self = self;
    this.#silenceMs = silenceMs;
    this.#nowMs = nowMs;
  }

  /** Writes, or renews, the own note. */
  async announce(options: CallOptions): Promise<void> {
    this.#isWaiting = true;
    await this.#store.put(waitingKey(this.#self), formatTerm({ holder: this.#self, isReleased: false }), options);
  }

  /** Removes the own note, if there is one. */
  async withdraw(options: CallOptions = {}): Promise<void> {
    if (!this.#isWaiting) return;
    await this.#store.delete([waitingKey(this.#self)], options);
    this.#isWaiting = false;
  }

  /** The others that wait. */
  async look(options: CallOptions): Promise<AgentIdentity[]> {
    const { objects } = await this.#store.listFolder(WAITING_FOLDER, options);
    const others = objects.filter(({ key }) => key !== waitingKey(this.#self));
    for (const object of others) await this.#see(object, options);
    const keys = new Set(others.map(({ key }) => key));
    for (const key of this.#notes.keys()) if (!keys.has(key)) this.#notes.delete(key);
    const ended = [...this.#notes].filter(([, note]) => this.#hasEnded(note)).map(([key]) => key);
    for (const key of ended) this.#notes.delete(key);
    if (ended.length > 0) await this.#store.delete(ended, options);
    return [...this.#notes.values()].map(({ agent }) => agent);
  }

  #hasEnded({ sinceMs, agent }: Note): boolean {
    return this.#nowMs() - sinceMs > this.#silenceMs || isKnownDead(agent.processSpace, agent.processId);
  }

  async #see({ key, modifiedAt }: ObjectInfo, options: CallOptions): Promise<void> {
    const modifiedMs = modifiedAt.getTime();
    const known = this.#notes.get(key);
    if (known?.modifiedMs === modifiedMs) return;
    const agent = known?.agent ?? (await this.#read(key, options));
    this.#notes.set(key, { modifiedMs, sinceMs: this.#nowMs(), agent });
  }

  async #read(key: string, options: CallOptions): Promise<AgentIdentity> {
    const range = { startByte: 0, lengthBytes: MAX_AGENT_OBJECT_BYTES + 1 };
    return parseTerm(0n, (await this.#store.get(key, { ...options, range })) ?? Buffer.alloc(0)).holder;
  }
}
