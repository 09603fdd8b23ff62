/**
 * Interoperation with WAL-G, both ways: what it wrote is recovered by us to what it must contain, and, where the real
 * `wal-g` is at hand, what we wrote is recovered by it.
 *
 * Case `seed` takes the moment of that number of all archives in `fixtures/walg/`, counted round and round.
 *
 * @module
 */

import { walgBinary, walgRestoresOurs } from './interop/real-walg.ts';
import { recoverMoments } from './interop/recover-moments.ts';
import type { Proof, ProofRun } from './proof.ts';

async function itsSide({
  seed,
  count,
  log,
}: ProofRun): Promise<{ restored: number; differences: string[] } | undefined> {
  const walg = walgBinary();
  if (walg === undefined) {
    log('SKIPPED: no real wal-g here (set WALG_BINARY): that it restores what we write is not shown by this run');
    return undefined;
  }
  const differences: string[] = [];
  const restored = Math.max(2, Math.ceil(count / 4));
  for (let number = seed; number < seed + restored; number++) {
    const { what, differences: found } = await walgRestoresOurs(walg, number);
    log(`${number}: ${what}: ${found.length === 0 ? 'equal' : found.join('; ')}`);
    differences.push(...found);
  }
  return { restored, differences };
}

/** The proof. */
export const proof: Proof = {
  name: 'interop',
  shows: 'archives that the real wal-g wrote recover to what they must contain, and wal-g recovers ours',
  defaultCount: 3,
  run: async (given) => {
    const ours = await recoverMoments(given);
    const its = await itsSide(given);
    const differences = [...ours.differences, ...(its?.differences ?? [])];
    const itsFigure =
      its === undefined ? 'no wal-g at hand for the other direction' : `${its.restored} of ours restored by wal-g`;
    const figure = `${ours.recovered} moments of WAL-G's archives recovered, ${ours.outOfReach} refused as out of reach, ${itsFigure}: ${differences.length} differences`;
    return { holds: differences.length === 0 && ours.recovered > 0, figure };
  },
};
