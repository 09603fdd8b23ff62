/**
 * Mutated objects of an archive: no crash, no hang, no growing memory, and nothing is taken for data that nobody wrote,
 * wherever the format can tell.
 *
 * Seed `s` is one input of one kind (`hostile/hostile-kinds.ts`). `--seed s --count 1` tries the same change again;
 * encrypted objects are other bytes in each run.
 *
 * @module
 */

import { hostileFigure } from './hostile/figure.ts';
import { MemoryGrowth } from './framework/memory-growth.ts';
import { runWatchedWorker } from './framework/watched-worker.ts';
import type { HostileCounts, HostileNotice } from './hostile/notice.ts';
import type { Proof, ProofRun } from './proof.ts';

/** An input takes about a millisecond; no notice for this long is a hang. */
const HANG_MS = 60_000;
/** What the runtime's own memory may come and go by, garbage left out. */
const MEMORY_SLACK_MIB = 96;
const LOG_EVERY = 50_000;
/** Fewer inputs than this say nothing of memory: the runtime is still growing to its size. */
const MEMORY_FROM_INPUTS = 50_000;

class Tally {
  crashes = 0;
  hangs = 0;
  tried = 0;
  counts: HostileCounts = { refused: 0, same: 0, different: 0, wrong: 0, outside: 0 };
  kinds: readonly string[] = [];
  readonly memory = new MemoryGrowth();

  get holds(): boolean {
    const isFlat = this.tried < MEMORY_FROM_INPUTS || this.memory.grownMib < MEMORY_SLACK_MIB;
    return this.crashes + this.counts.wrong + this.counts.outside + this.hangs === 0 && isFlat;
  }
}

function take(notice: HostileNotice, tally: Tally, { seed, count, log }: ProofRun): void {
  switch (notice.kind) {
    case 'ready':
      tally.kinds = notice.kinds;
      return;
    case 'crash':
      tally.crashes += 1;
      log(`${notice.seed}: crash: ${notice.what}`);
      return;
    case 'wrong':
    case 'outside':
      log(`${notice.seed}: ${notice.kind}: ${notice.what}`);
      return;
    case 'done':
      tally.tried = notice.next - seed;
      tally.counts = notice.counts;
      tally.memory.sample(Math.min(Math.floor((tally.tried * 10) / count), 9));
      if (tally.tried % LOG_EVERY === 0) log(`${tally.tried} inputs, ${tally.counts.refused} refused`);
      return;
    default:
      notice satisfies never;
  }
}

async function tryAll(given: ProofRun): Promise<Tally> {
  const tally = new Tally();
  const { seed, count, log } = given;
  await runWatchedWorker<HostileNotice>({
    file: new URL('hostile/worker.ts', import.meta.url),
    workerData: { seed, count },
    startMs: HANG_MS,
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
  name: 'hostile',
  shows: 'mutated objects of an archive crash nothing, hang nothing, and are not taken for what nobody wrote',
  defaultCount: 2500,
  run: async (given) => {
    const tally = await tryAll(given);
    const isWhole = tally.tried === given.count;
    const figure = hostileFigure(tally);
    return { holds: tally.holds && isWhole, figure };
  },
};
