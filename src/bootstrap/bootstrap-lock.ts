/**
 * One bootstrap at a time on a data directory. A run whose Patroni was killed may still be at work: the next waits for it, and
 * goes on from what it has done.
 *
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises';

import { isFailure } from '../base/failure.ts';
import { lockRecoveries } from '../recovery/lock.ts';
import type { BootstrapRun } from './uses.ts';

const POLL_MS = 500;

/** Takes the lock, waiting for whoever has it. Disposing frees it. */
export async function lockBootstrap({ place, note, signal }: BootstrapRun): Promise<AsyncDisposable> {
  for (let isFirst = true; ; isFirst = false) {
    signal?.throwIfAborted();
    try {
      return await lockRecoveries(place.folder);
    } catch (error) {
      if (!isFailure(error, 'conflict')) throw error;
      if (isFirst) note(`waiting: an earlier bootstrap is still at work in ${place.folder}`);
      await sleep(POLL_MS);
    }
  }
}
