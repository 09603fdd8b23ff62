/**
 * Keeps the heap near what is in use, for work that makes much of what soon is garbage: by itself the runtime lets a heap
 * grow to some 250 MiB before it collects the first time, whether or not any of it is still used.
 *
 * @module
 */

import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

const MIB = 1024 * 1024;
/** Below this nothing is collected before the runtime wants to. */
const SMALL_HEAP_BYTES = 64 * MIB;

type Collect = (options?: { readonly type: 'minor' }) => void;

let collect: Collect | undefined;
let collectAtBytes = SMALL_HEAP_BYTES;

/** Of what was in use after the last time. With 2, a log of a day by its indexes took up to 265 MiB in place of 213, and a sixteenth less time. */
const GROWN = 1.5;

/** Collects, if the heap is half as large again as what was in use after the last time. Costs nothing otherwise: call it between pieces of work. */
export function collectGarbageIfGrown(): void {
  if (getHeapStatistics().used_heap_size < collectAtBytes) return;
  collect ??= prepare();
  collect();
  collectAtBytes = Math.max(SMALL_HEAP_BYTES, GROWN * getHeapStatistics().used_heap_size);
}

function isFunction(value: unknown): value is Collect {
  return typeof value === 'function';
}

/** A runtime that does not give it is left to itself. */
function prepare(): Collect {
  setFlagsFromString('--expose-gc');
  const given: unknown = runInNewContext('gc');
  setFlagsFromString('--no-expose-gc');
  return isFunction(given) ? given : () => {};
}

/** Of buffers that soon are garbage. By itself the runtime lets some 64 MiB of them pile up in each thread. */
const PASSING_BYTES = 16 * MIB;

let passedBytes = 0;

/** Collects what is young, in a millisecond or two, after each {@link PASSING_BYTES} that pass through this thread in buffers. */
export function collectPassedBuffers(bytes: number): void {
  passedBytes += bytes;
  if (passedBytes < PASSING_BYTES) return;
  passedBytes = 0;
  collect ??= prepare();
  collect({ type: 'minor' });
}
