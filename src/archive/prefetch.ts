/**
 * Fetches WAL ahead of a server in recovery: a rolling window of segments, by bytes, that its `restore_command` only has
 * to move into place.
 *
 * Everything in the window was checked before it appears there. Where the archive ends, or something is wrong, the
 * window just ends: what the server is told about that is decided when it asks, never from what was seen earlier.
 *
 * @module
 */

import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

import type { TimelineHistory } from '../postgres/timeline-history.ts';
import { timelineAt } from '../postgres/timeline-history.ts';
import { lsn } from '../postgres/lsn.ts';
import {
  formatSegmentName,
  isSegmentName,
  parseSegmentName,
  segmentStart,
  type WalSegment,
  type WalSegmentSizeBytes,
} from '../postgres/wal-segment.ts';
import type { LookedUp } from './look-up.ts';

/** What prefetching needs. */
export interface PrefetchOptions {
  /** The folder of the window. */
  readonly folder: string;
  readonly walSegmentSizeBytes: WalSegmentSizeBytes;
  /** How much may lie in the window. */
  readonly prefetchBytes: number;
  readonly concurrency: number;
  /** Looks one file up, and puts it into the folder if it is found. Does not throw. */
  readonly fetchInto: (fileName: string) => Promise<LookedUp['kind']>;
}

/**
 * The segment that a server on a line of history asks for after `segment`: it tries the newest timeline that has begun
 * in the next segment first.
 */
export function segmentAfter(
  segment: WalSegment,
  line: TimelineHistory | undefined,
  size: WalSegmentSizeBytes,
): WalSegment {
  const next = { timeline: segment.timeline, index: segment.index + 1n };
  if (line === undefined) return next;
  const lastByte = lsn(segmentStart(next, size) + BigInt(size) - 1n);
  return { timeline: Math.max(segment.timeline, timelineAt(line, lastByte)), index: next.index };
}

/** The window of one server. */
export class Prefetcher {
  readonly #given: PrefetchOptions;
  readonly #running = new Map<string, Promise<unknown>>();
  /** What is in the folder, as last seen. */
  #present = new Set<string>();
  /** The last segment that the server was seen to have. */
  #position: WalSegment | undefined;
  /** The last segment that was fetched or is being fetched. */
  #planned: WalSegment | undefined;
  #line: TimelineHistory | undefined;
  #ended = true;

  constructor(given: PrefetchOptions) {
    this.#given = given;
  }

  /** The server has read a history file: the line it is on goes that way. */
  follow(line: TimelineHistory): void {
    if (this.#line === undefined || line.timeline > this.#line.timeline) this.#line = line;
  }

  /** The fetch of a file that is under way, to be waited for instead of begun a second time. */
  underWay(fileName: string): Promise<unknown> | undefined {
    return this.#running.get(fileName);
  }

  /** The server asks for a segment: the window begins behind it. */
  async moveTo(fileName: string): Promise<void> {
    const segment = parseSegmentName(fileName, this.#given.walSegmentSizeBytes);
    if (segment === undefined) return;
    const jumps = this.#planned === undefined || !this.#isAhead(segment);
    this.#position = segment;
    if (jumps) this.#planned = segment;
    this.#ended = false;
    for (const name of await this.#list()) {
      const present = parseSegmentName(name, this.#given.walSegmentSizeBytes);
      if (jumps || present === undefined || present.index < segment.index) {
        this.#present.delete(name);
        await rm(join(this.#given.folder, name), { force: true });
      }
    }
  }

  /** True if the segment is inside the window, so that the plan behind it still holds. */
  #isAhead(segment: WalSegment): boolean {
    const { timeline, index } = this.#planned ?? segment;
    return segment.timeline === timeline && segment.index <= index && segment.index >= (this.#position?.index ?? 0n);
  }

  async #list(): Promise<string[]> {
    const names = await readdir(this.#given.folder).catch(() => []);
    return names.filter(isSegmentName);
  }

  /** Sees what the server has taken, and fetches more. Comes back at once; fetches go on. */
  async look(): Promise<void> {
    const names = new Set(await this.#list());
    for (const name of this.#present) if (!names.has(name)) this.#noteTaken(name);
    this.#present = names;
    this.#startMore();
  }

  #noteTaken(fileName: string): void {
    const segment = parseSegmentName(fileName, this.#given.walSegmentSizeBytes);
    if (segment !== undefined && segment.index > (this.#position?.index ?? -1n)) this.#position = segment;
  }

  #startMore(): void {
    const { walSegmentSizeBytes: size, prefetchBytes, concurrency } = this.#given;
    const room = () => (this.#present.size + this.#running.size + 1) * size <= prefetchBytes;
    while (!this.#ended && this.#planned !== undefined && this.#running.size < concurrency && room()) {
      this.#planned = segmentAfter(this.#planned, this.#line, size);
      this.#start(formatSegmentName(this.#planned, size));
    }
  }

  #start(fileName: string): void {
    if (this.#present.has(fileName) || this.#running.has(fileName)) return;
    const work = this.#given.fetchInto(fileName).then((kind) => {
      this.#running.delete(fileName);
      if (kind === 'found') this.#present.add(fileName);
      else this.#ended = true;
    });
    this.#running.set(fileName, work);
  }

  /** The server is not in recovery any more, or a new one is: nothing of the window is wanted. */
  async clear(): Promise<void> {
    this.#ended = true;
    this.#planned = undefined;
    this.#position = undefined;
    this.#line = undefined;
    await this.settle();
    for (const name of await this.#list()) await rm(join(this.#given.folder, name), { force: true });
    this.#present.clear();
  }

  /** Waits until what was started has ended. */
  async settle(): Promise<void> {
    await Promise.all(this.#running.values());
  }
}
