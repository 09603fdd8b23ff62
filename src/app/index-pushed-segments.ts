/**
 * Writes the index of each segment that the agent has pushed, behind it: the archive has the segment and the server was
 * told so before anything begins here.
 *
 * One segment at a time, on a thread of low priority, read from `pg_wal`. What does not fit into the queue, was recycled
 * by the server in between, or could not be stored is made of the archived segment later, when nothing else is to be done;
 * so is what an agent that ended had left over, if it is not too much. The rest is for `walkback history index`.
 *
 * @module
 */

import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import type { AgentEvent } from '../archive/agent-event.ts';
import { messageOf } from '../base/failure.ts';
import { IndexMakers } from '../history/segment-indexes-makers.ts';
import { indexNamedSegment, segmentsBehindIndexes } from '../history/segment-indexes-named.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import type { SegmentIndexSummary } from '../wal-index/segment-index.ts';
import { walFileKind } from '../walg/object-names.ts';

/** What is needed. */
export interface IndexPushedOptions {
  readonly store: ObjectStore;
  readonly dataDirectory: string;
  /** Told of what went wrong. */
  readonly onWarning: (message: string) => void;
  /** Told of each index that was stored. Must not throw. */
  readonly onStored?: (summary: SegmentIndexSummary) => void;
  readonly signal: AbortSignal;
}

/** Names that wait. A segment takes some tens of milliseconds, and a server writes one in a second, seldom more. */
const MOST_WAITING = 128;
/** Names that are made up for later. */
const MOST_MISSED = 1024;
/** How long after a failure anything is tried again. */
const RETRY_AFTER_MS = 30_000;

/** Takes the agent's events. Disposing ends the work; what is left over is made up by the next agent. */
export class PushedSegmentIndexes implements AsyncDisposable {
  readonly #options: IndexPushedOptions;
  readonly #makers = new IndexMakers({ workerCount: 1, isInBackground: true });
  readonly #ended = new AbortController();
  readonly #signal: AbortSignal;
  readonly #waiting: string[] = [];
  readonly #missed = new Set<string>();
  #systemIdentifier: bigint | undefined;
  #working: Promise<void> | undefined;

  constructor(options: IndexPushedOptions) {
    this.#options = options;
    this.#signal = AbortSignal.any([options.signal, this.#ended.signal]);
  }

  /** Comes back at once. */
  take(event: AgentEvent): void {
    if (event.kind === 'serving') this.#begin(event.systemIdentifier, event.timeline);
    if (event.kind !== 'pushed' || walFileKind(event.fileName) !== 'segment') return;
    if (this.#waiting.length < MOST_WAITING) this.#waiting.push(event.fileName);
    else this.#miss(event.fileName);
    this.#work();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended.abort();
    await this.#makers.end();
    await this.#working;
  }

  #begin(systemIdentifier: bigint, timeline: number): void {
    this.#systemIdentifier = systemIdentifier;
    segmentsBehindIndexes(this.#options.store, timeline, this.#signal).then(
      (names) => {
        for (const name of names) this.#miss(name);
        this.#work();
      },
      (error: unknown) => this.#warn('cannot look which WAL has no index yet', error),
    );
  }

  #miss(fileName: string): void {
    if (this.#missed.size < MOST_MISSED) this.#missed.add(fileName);
  }

  #work(): void {
    this.#working ??= this.#workOn().finally(() => {
      this.#working = undefined;
    });
  }

  async #workOn(): Promise<void> {
    while (!this.#signal.aborted) {
      const pushed = this.#waiting.shift();
      const [missed] = pushed === undefined ? this.#missed : [];
      const fileName = pushed ?? missed;
      if (fileName === undefined) return;
      const pgWal = pushed === undefined ? undefined : join(this.#options.dataDirectory, 'pg_wal');
      try {
        const written = await this.#index(fileName, pgWal);
        this.#missed.delete(fileName);
        // Not from pg_wal: the server had changed the file by then.
        if (!written && pgWal !== undefined) this.#miss(fileName);
      } catch (error) {
        this.#warn(`cannot index ${fileName}`, error);
        this.#miss(fileName);
        await sleep(RETRY_AFTER_MS, undefined, { signal: this.#signal }).catch(() => {});
      }
    }
  }

  async #index(fileName: string, pgWal: string | undefined): Promise<boolean> {
    const { store, onStored } = this.#options;
    const makers = this.#makers;
    return indexNamedSegment(
      { store, pgWal, makers, systemIdentifier: this.#systemIdentifier, onStored, signal: this.#signal },
      fileName,
    );
  }

  #warn(what: string, error: unknown): void {
    if (!this.#signal.aborted) this.#options.onWarning(`${what}: ${messageOf(error)}`);
  }
}
