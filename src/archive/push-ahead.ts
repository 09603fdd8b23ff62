/**
 * Pushes a server's ready WAL files ahead of its `archive_command`, several at a time, and acknowledges each in the
 * spool once the store has confirmed it.
 *
 * A file that cannot be pushed is tried again by itself; why it failed is left in the spool for the `archive_command`,
 * so that the server counts the failure and logs the reason.
 *
 * @module
 */

import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

import type { Compression } from '../base/compression-names.ts';
import { isFailure, messageOf } from '../base/failure.ts';
import { Lz4Thread } from '../codec/lz4-thread.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import type { ReportAgentEvent } from './agent-event.ts';
import { readAwaitedFiles } from './awaited-files.ts';
import { isBeingWritten, writeFileDurably } from './durable-file.ts';
import { PushPauses } from './push-pauses.ts';
import { pushWalFile } from './push.ts';
import { readReadyFiles } from './ready-files.ts';
import type { SpoolPaths } from './spool.ts';
import type { WalBuffers } from './wal-buffers.ts';

/** What pushing ahead needs. */
export interface PushAheadOptions {
  readonly store: ObjectStore;
  readonly dataDirectory: string;
  readonly paths: SpoolPaths;
  readonly systemIdentifier: bigint;
  readonly walSegmentSizeBytes: number;
  readonly compression: Compression;
  /** How many files are pushed at a time. */
  readonly concurrency: number;
  /** Where segments are read to. */
  readonly buffers: WalBuffers;
  readonly report: ReportAgentEvent;
  readonly signal: AbortSignal;
}

/** An acknowledgement is so much younger than its file: enough for shells that compare whole seconds. */
const ACKNOWLEDGED_AFTER_MS = 1000;
/** So many that wait are more than a server writes between two looks. */
const BEHIND_FILES = 4;
/** How long an acknowledgement that was seen to fit its file is believed to. */
const BELIEVED_MS = 1000;
/** How often is looked what is ready while all of it is to be left alone for a moment. */
const RESTING_LOOK_MS = 1000;

/** The date of the acknowledgement for a file that was modified at `modifiedMs`. */
function acknowledgementDate(modifiedMs: number): Date {
  return new Date(Math.floor(modifiedMs) + ACKNOWLEDGED_AFTER_MS);
}

/** Pushes ahead for one life of a data directory. */
export class PushAhead {
  readonly #given: PushAheadOptions;
  readonly #running = new Map<string, Promise<void>>();
  readonly #pauses = new PushPauses();
  /** When each acknowledgement was last seen to fit its file. */
  readonly #seenToFitMs = new Map<string, number>();
  /** For lz4 while pushing is behind; otherwise a segment is compressed sooner than a thread has started. */
  readonly #lz4 = new Lz4Thread();
  #isBehind = false;
  #queue: string[] = [];
  #awaited: ReadonlySet<string> = new Set();
  #lookedMs = -Infinity;

  constructor(given: PushAheadOptions) {
    this.#given = given;
  }

  /** Looks at what is ready, and starts what is not pushed yet. Comes back at once; pushes go on. */
  async look(): Promise<void> {
    this.#awaited = await this.#readAwaited();
    if (this.#mayRest(Date.now())) return;
    this.#lookedMs = Date.now();
    this.#queue = await this.#readQueue();
    this.#isBehind = this.#queue.length >= BEHIND_FILES;
    this.#given.buffers.isBehind = this.#isBehind;
    this.#startMore();
    if (!this.isBusy) await this.#letGo();
  }

  /** What is kept from one file to the next. */
  async #letGo(): Promise<void> {
    this.#given.buffers.freeUnused();
    await this.#lz4.end();
  }

  /** True while something is being pushed. What waits and is not started is to be left alone for a moment. */
  get isBusy(): boolean {
    return this.#running.size > 0;
  }

  /** Waits until what was started has ended. */
  async settle(): Promise<void> {
    this.#queue = [];
    await Promise.all(this.#running.values());
    await this.#letGo();
  }

  /** Nobody needs to know as long as everything goes well. */
  async #readAwaited(): Promise<ReadonlySet<string>> {
    if (this.#pauses.areNone) return new Set();
    return readAwaitedFiles(this.#given.paths.waiting, (fileName) => this.#pauses.failedMs(fileName));
  }

  /** True if another look would start nothing, as far as can be known: there may be tens of thousands to look at. */
  #mayRest(nowMs: number): boolean {
    if (this.isBusy || this.#queue.length === 0 || nowMs - this.#lookedMs >= RESTING_LOOK_MS) return false;
    for (const fileName of this.#awaited) if (this.#pauses.isDue(fileName, nowMs)) return false;
    return nowMs < this.#pauses.notBeforeMs(this.#queue);
  }

  /** What is ready, not pushed and not being pushed, in order of need; forgets what is not ready any more. */
  async #readQueue(): Promise<string[]> {
    const { paths, dataDirectory } = this.#given;
    // Acknowledgements first: one that is written while the ready files are read must not look forgotten.
    const inFolder = await readdir(paths.acknowledged).catch(() => []);
    const acknowledged = inFolder.filter((name) => !isBeingWritten(name));
    const ready = await readReadyFiles(dataDirectory);
    const wanted = new Set(ready);
    const known = new Set([...acknowledged, ...this.#pauses.failedFiles, ...this.#awaited]);
    for (const fileName of known) if (!wanted.has(fileName)) await this.#forget(fileName);
    const done = new Set(acknowledged);
    const queue: string[] = [];
    for (const fileName of ready) {
      if (!this.#running.has(fileName) && !(done.has(fileName) && (await this.#isAcknowledged(fileName)))) {
        queue.push(fileName);
      }
    }
    return queue;
  }

  async #forget(fileName: string): Promise<void> {
    const { acknowledged, refused, waiting } = this.#given.paths;
    if (this.#pauses.failedMs(fileName) !== undefined) this.#given.report({ kind: 'noLongerReady', fileName });
    this.#pauses.forget(fileName);
    this.#seenToFitMs.delete(fileName);
    for (const folder of [acknowledged, refused, waiting]) await rm(join(folder, fileName), { force: true });
  }

  async #isAcknowledged(fileName: string): Promise<boolean> {
    const now = Date.now();
    if (now - (this.#seenToFitMs.get(fileName) ?? -Infinity) < BELIEVED_MS) return true;
    const file = await stat(this.#pathOf(fileName)).catch(() => undefined);
    const mark = await stat(join(this.#given.paths.acknowledged, fileName)).catch(() => undefined);
    const fits = file !== undefined && mark?.mtimeMs === acknowledgementDate(file.mtimeMs).getTime();
    if (fits) this.#seenToFitMs.set(fileName, now);
    return fits;
  }

  #pathOf(fileName: string): string {
    return join(this.#given.dataDirectory, 'pg_wal', fileName);
  }

  #startMore(): void {
    if (this.#given.signal.aborted) return;
    const nowMs = Date.now();
    while (this.#running.size < this.#given.concurrency) {
      const underWay = { runningCount: this.#running.size, awaited: this.#awaited, nowMs };
      const at = this.#pauses.next(this.#queue, underWay);
      const [fileName] = at < 0 ? [] : this.#queue.splice(at, 1);
      if (fileName === undefined) return;
      this.#start(fileName);
    }
  }

  #start(fileName: string): void {
    const work = this.#push(fileName).finally(() => {
      this.#running.delete(fileName);
      this.#startMore();
    });
    this.#running.set(fileName, work);
  }

  async #push(fileName: string): Promise<void> {
    const { store, compression, systemIdentifier, walSegmentSizeBytes, signal, report, paths, buffers } = this.#given;
    const path = this.#pathOf(fileName);
    try {
      const { mtimeMs } = await stat(path);
      const elsewhere = compression === 'lz4' && this.#isBehind;
      const compressBy = elsewhere ? { compressBy: async (bytes: Buffer) => this.#lz4.compress(bytes) } : {};
      const wal = { store, path, compression, systemIdentifier, walSegmentSizeBytes, buffers, signal, ...compressBy };
      const { key, storedBytes } = await pushWalFile(wal);
      // The archive holds the file, whatever becomes of the note that says so: without it, it is compared once more. An
      // empty file can be made where the file system is full.
      const note = { modifiedAt: acknowledgementDate(mtimeMs), synced: 'nothing' } as const;
      await writeFileDurably(join(paths.acknowledged, fileName), Buffer.alloc(0), note);
      this.#pauses.noteSuccess(fileName);
      await rm(join(paths.refused, fileName), { force: true });
      report({ kind: 'pushed', fileName, key, storedBytes });
    } catch (error) {
      if (!signal.aborted) await this.#noteTrouble(fileName, error);
    }
  }

  async #noteTrouble(fileName: string, error: unknown): Promise<void> {
    this.#pauses.noteFailure(fileName, error, Date.now());
    const message = isFailure(error) ? `${error.message}. ${error.remedy}` : messageOf(error);
    this.#given.report({ kind: 'pushFailed', fileName, message });
    await this.#refuse(fileName, `${message.replaceAll('\n', ' ')}\n`);
  }

  /** Never seen half written: an empty file makes the archive_command push by itself, and is what there is always room for. */
  async #refuse(fileName: string, line: string): Promise<void> {
    const path = join(this.#given.paths.refused, fileName);
    const write = async (text: string) => writeFileDurably(path, Buffer.from(text), { synced: 'nothing' });
    await write(line).catch(async () => write('').catch(() => {}));
  }
}
