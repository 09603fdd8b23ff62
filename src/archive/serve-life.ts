/**
 * The agent's work for one life of a data directory: looks at the server and at the spool at a steady pace, and keeps
 * pushes, answers and prefetching going, until it is told to stop.
 *
 * @module
 */

import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Compression } from '../base/compression-names.ts';
import type { WalSegmentSizeBytes } from '../postgres/wal-segment.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import type { ReportAgentEvent } from './agent-event.ts';
import { writeFileDurably } from './durable-file.ts';
import { failedOutcome, lookUpWalFile, type LookedUp } from './look-up.ts';
import { Prefetcher } from './prefetch.ts';
import { PushAhead } from './push-ahead.ts';
import { releaseBuffer } from '../base/release-buffer.ts';
import { exists } from './server.ts';
import { ServeRequests } from './serve-requests.ts';
import type { SpoolPaths } from './spool.ts';
import { Turns } from '../base/turns.ts';
import { WalBuffers } from './wal-buffers.ts';

/** What one life is served with. */
export interface ServeLifeOptions {
  readonly store: ObjectStore;
  /** Where WAL is pushed to: the same, for who writes to it. */
  readonly forWriting: ObjectStore;
  readonly dataDirectory: string;
  readonly paths: SpoolPaths;
  readonly life: { readonly systemIdentifier: bigint; readonly walSegmentSizeBytes: WalSegmentSizeBytes };
  readonly compression: Compression;
  readonly pushConcurrency: number;
  readonly fetchConcurrency: number;
  /** How many segments may be in memory as the server has them, in each direction. */
  readonly segmentsInHand: number;
  readonly prefetchBytes: number;
  readonly isFetchOnly: boolean;
  readonly report: ReportAgentEvent;
  readonly signal: AbortSignal;
}

/** How long the server waits at most for the agent to look, while replay or archiving goes on, and otherwise. */
const BUSY_PAUSE_MS = 10;
const IDLE_PAUSE_MS = 50;

async function isInRecovery(dataDirectory: string): Promise<boolean> {
  const signals = ['recovery.signal', 'standby.signal'].map((name) => exists(join(dataDirectory, name)));
  return (await Promise.all(signals)).includes(true);
}

/** Looks a file up; `beforeDecoding` as in `readWalFile`. */
type LookUp = (fileName: string, beforeDecoding?: () => Promise<void>) => Promise<LookedUp>;

function openPrefetcher(given: ServeLifeOptions, lookUp: LookUp): Prefetcher {
  const { paths, life, prefetchBytes, fetchConcurrency: concurrency, report } = given;
  const decoding = new Turns(given.segmentsInHand);
  const fetchInto = async (fileName: string): Promise<LookedUp['kind']> => {
    let isDecoding = false;
    const takeTurn = async () => {
      if (!isDecoding) await decoding.take();
      isDecoding = true;
    };
    try {
      const found = await lookUp(fileName, takeTurn);
      if (found.kind !== 'found') return found.kind;
      await writeFileDurably(join(paths.prefetched, fileName), found.bytes, { synced: 'content' });
      releaseBuffer(found.bytes);
      report({ kind: 'fetched', fileName, ahead: true });
      return 'found';
    } catch (error) {
      return failedOutcome(error).kind;
    } finally {
      if (isDecoding) decoding.giveBack();
    }
  };
  const { walSegmentSizeBytes } = life;
  return new Prefetcher({ folder: paths.prefetched, walSegmentSizeBytes, prefetchBytes, concurrency, fetchInto });
}

/** Serves until `signal`; what was started has ended when it comes back. */
export async function serveLife(given: ServeLifeOptions): Promise<void> {
  const { store, life, paths, report, signal, dataDirectory, compression, pushConcurrency: concurrency } = given;
  const { systemIdentifier, walSegmentSizeBytes } = life;
  const lookUp: LookUp = (fileName, beforeDecoding) =>
    lookUpWalFile({ store, fileName, expected: life, preferred: compression, signal, beforeDecoding });
  const prefetcher = openPrefetcher(given, lookUp);
  const requests = new ServeRequests({ paths, prefetcher, lookUp: async (name) => lookUp(name), report, signal });
  const cluster = { systemIdentifier, walSegmentSizeBytes };
  const count = given.segmentsInHand;
  const buffers = new WalBuffers({ count, countBehind: Math.max(count, 2), sizeBytes: walSegmentSizeBytes });
  const pushing = { compression, concurrency, buffers, report, signal };
  const pushes = new PushAhead({ store: given.forWriting, dataDirectory, paths, ...cluster, ...pushing });

  let wasInRecovery = false;
  while (!signal.aborted) {
    const inRecovery = await isInRecovery(dataDirectory);
    if (!given.isFetchOnly) await pushes.look();
    await requests.look();
    if (inRecovery) await prefetcher.look();
    else if (wasInRecovery) await prefetcher.clear();
    wasInRecovery = inRecovery;
    const isBusy = inRecovery || requests.isBusy || pushes.isBusy;
    await sleep(isBusy ? BUSY_PAUSE_MS : IDLE_PAUSE_MS, undefined, { signal }).catch(() => {});
  }
  await Promise.all([pushes.settle(), requests.settle(), prefetcher.settle()]);
}
