/**
 * Answers what `restore_command`s ask through the spool: the file itself, or the exit code that says what the server may
 * conclude.
 *
 * A request is answered from the store at the time it is made, never from an earlier answer.
 *
 * @module
 */

import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { parseHistoryName, parseTimelineHistory } from '../postgres/timeline-history.ts';
import { isSegmentName } from '../postgres/wal-segment.ts';
import type { ReportAgentEvent } from './agent-event.ts';
import { writeFileDurably } from './durable-file.ts';
import { fetchExitCode, type FetchOutcome } from './fetch-exit-code.ts';
import { failedOutcome, type LookedUp } from './look-up.ts';
import type { Prefetcher } from './prefetch.ts';
import { releaseBuffer } from '../base/release-buffer.ts';
import { exists } from './server.ts';
import type { SpoolPaths } from './spool.ts';

/** What serving requests needs. */
export interface ServeRequestsOptions {
  readonly paths: SpoolPaths;
  readonly prefetcher: Prefetcher;
  readonly lookUp: (fileName: string) => Promise<LookedUp>;
  readonly report: ReportAgentEvent;
  readonly signal: AbortSignal;
}

const REQUEST = /^(.+)\.(\d+)$/;
/** A request whose restore_command lives is renewed every second or two. */
const FORGOTTEN_AFTER_MS = 120_000;

/** The line a restore_command reads: the code in archive recovery, the code on a replica, a message. */
export function formatAnswer(outcome: FetchOutcome): string {
  const message = outcome.kind === 'hole' || outcome.kind === 'failed' ? outcome.message : '';
  const codes = `${fetchExitCode('archiveRecovery', outcome)} ${fetchExitCode('standby', outcome)}`;
  return `${codes} ${message.replaceAll(/\s+/g, ' ')}\n`;
}

/** Answers requests for one life of a data directory. */
export class ServeRequests {
  readonly #given: ServeRequestsOptions;
  readonly #running = new Map<string, Promise<void>>();
  /** When each request that is still there was answered. */
  readonly #answered = new Map<string, number>();

  constructor(given: ServeRequestsOptions) {
    this.#given = given;
  }

  /** True while a server waits. */
  get isBusy(): boolean {
    return this.#running.size > 0;
  }

  /** Looks for new requests and starts to answer them. Comes back at once. */
  async look(): Promise<void> {
    const { requests, answers } = this.#given.paths;
    const names = new Set(await readdir(requests).catch(() => []));
    for (const name of this.#answered.keys()) {
      if (!names.has(name)) {
        this.#answered.delete(name);
        await rm(join(answers, name), { force: true });
      }
    }
    for (const name of names) if (!this.#running.has(name)) await this.#consider(name);
  }

  async #consider(name: string): Promise<void> {
    const request = await stat(join(this.#given.paths.requests, name)).catch(() => undefined);
    const fileName = REQUEST.exec(name)?.[1];
    if (request === undefined || fileName === undefined) return;
    if (Date.now() - request.mtimeMs > FORGOTTEN_AFTER_MS) {
      await rm(join(this.#given.paths.requests, name), { force: true });
      return;
    }
    // Renewed after it was answered: another restore_command, which got the same process number, has thrown that away.
    if (request.mtimeMs <= (this.#answered.get(name) ?? -1)) return;
    const work = this.#answer(name, fileName).finally(() => {
      this.#answered.set(name, Date.now());
      this.#running.delete(name);
    });
    this.#running.set(name, work);
  }

  async #answer(name: string, fileName: string): Promise<void> {
    const { prefetcher, paths, report } = this.#given;
    if (isSegmentName(fileName)) await prefetcher.moveTo(fileName);
    await prefetcher.underWay(fileName);
    const prefetched = join(paths.prefetched, fileName);
    if (await exists(prefetched)) return;
    const outcome = await this.#fetch(fileName, prefetched);
    // Told to stop in the middle: that is no answer. Whoever serves next, or the restore_command itself, finds one.
    if (outcome.kind !== 'fetched' && this.#given.signal.aborted) return;
    report({
      kind: 'answered',
      fileName,
      code: fetchExitCode('archiveRecovery', outcome),
      message: formatAnswer(outcome).trim(),
    });
    if (outcome.kind !== 'fetched') await this.#writeAnswer(name, outcome);
  }

  async #fetch(fileName: string, destination: string): Promise<FetchOutcome> {
    try {
      const found = await this.#given.lookUp(fileName);
      if (found.kind !== 'found') return found;
      const timeline = parseHistoryName(fileName);
      if (timeline !== undefined)
        this.#given.prefetcher.follow(parseTimelineHistory(timeline, found.bytes.toString('utf8')));
      await writeFileDurably(destination, found.bytes, { synced: 'content' });
      releaseBuffer(found.bytes);
      return { kind: 'fetched' };
    } catch (error) {
      return failedOutcome(error);
    }
  }

  async #writeAnswer(name: string, outcome: FetchOutcome): Promise<void> {
    const path = join(this.#given.paths.answers, name);
    const line = Buffer.from(formatAnswer(outcome));
    try {
      await writeFileDurably(path, line, { synced: 'nothing' });
    } catch {
      // The spool is full: what was prefetched makes room. If that is not enough, the restore_command gives up by itself.
      await this.#given.prefetcher.clear();
      await writeFileDurably(path, line, { synced: 'nothing' }).catch(() => {});
    }
  }

  /** Waits until what was started has ended. */
  async settle(): Promise<void> {
    await Promise.all(this.#running.values());
  }
}
