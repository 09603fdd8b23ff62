/**
 * Mutated WAL and mutated index objects: no crash, no hang, no growing memory, and nothing reported as sound behind a
 * record whose CRC was broken.
 *
 * Seed `s` is one input: an excerpt of real WAL (or the object of its index) with one change, read by the whole path to a
 * list of transactions. `--seed s --count 1` replays it.
 *
 * @module
 */

import { MemoryGrowth } from './framework/memory-growth.ts';
import { runWatchedWorker } from './framework/watched-worker.ts';
import type { MutationNotice } from './mutations/notice.ts';
import type { Proof, ProofRun } from './proof.ts';

/** An input takes about a millisecond; no notice for this long is a hang. Making the excerpts takes seconds. */
const HANG_MS = 30_000;
const START_MS = 300_000;
/** What the runtime's own memory may come and go by, garbage left out. */
const MEMORY_SLACK_MIB = 96;
const LOG_EVERY = 50_000;
/** Fewer inputs than this say nothing of memory: the runtime is still growing to its size. */
const MEMORY_FROM_INPUTS = 50_000;

class Tally {
  crashes = 0;
  wrong = 0;
  hangs = 0;
  broken = 0;
  tried = 0;
  readonly memory = new MemoryGrowth();

  get holds(): boolean {
    const isFlat = this.tried < MEMORY_FROM_INPUTS || this.memory.grownMib < MEMORY_SLACK_MIB;
    return this.crashes + this.wrong + this.hangs === 0 && isFlat;
  }
}

function take(notice: MutationNotice, tally: Tally, { seed, count, log }: ProofRun): void {
  switch (notice.kind) {
    case 'ready':
      log(`${notice.soundTransactions} transactions in the sound excerpts`);
      return;
    case 'crash':
      tally.crashes += 1;
      log(`${notice.seed}: crash: ${notice.what}`);
      return;
    case 'wrong':
      tally.wrong += 1;
      log(`${notice.seed}: wrong: ${notice.what}`);
      return;
    case 'done':
      tally.tried = notice.next - seed;
      tally.broken = notice.broken;
      tally.memory.sample(Math.min(Math.floor((tally.tried * 10) / count), 9));
      if (tally.tried % LOG_EVERY === 0) log(`${tally.tried} inputs, ${tally.broken} with a broken CRC`);
      return;
    default:
      notice satisfies never;
  }
}

async function tryAll(given: ProofRun): Promise<Tally> {
  const tally = new Tally();
  const { seed, count, log } = given;
  await runWatchedWorker<MutationNotice>({
    file: new URL('mutations/worker.ts', import.meta.url),
    workerData: { seed, count },
    startMs: START_MS,
    silenceMs: HANG_MS,
    onNotice: (notice) => {
      take(notice, tally, given);
    },
    onHang: () => {
      tally.hangs += 1;
      log(`hang within the inputs from ${seed + tally.tried} on`);
    },
  });
  return tally;
}

/** The proof. */
export const proof: Proof = {
  name: 'mutations',
  shows: 'mutated WAL and indexes crash nothing, hang nothing, and nothing behind a broken record is reported',
  defaultCount: 5000,
  run: async (given) => {
    const tally = await tryAll(given);
    const isWhole = tally.tried === given.count;
    const figure = `${tally.tried} inputs, ${tally.broken} of them broke a CRC: crashes ${tally.crashes}, hangs ${tally.hangs}, reported behind damage or otherwise wrong ${tally.wrong}, memory grew by ${Math.round(tally.memory.grownMib)} MiB`;
    return { holds: tally.holds && isWhole, figure };
  },
};
