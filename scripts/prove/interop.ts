/**
 * Interoperation with WAL-G, both ways: what it wrote is recovered by us to what it must contain, and, where the real
 * `wal-g` is at hand, what we wrote is recovered by it.
 *
 * Case `seed` takes the moment of that number of all archives in `fixtures/walg/`, counted round and round.
 *
 * @module
 */

import { isFailure } from '../../src/base/failure.ts';
import { differingTables } from './interop/compare-tables.ts';
import {
  fixtureArchives,
  isWithinReach,
  type ExpectedMoment,
  type FixtureArchive,
} from './interop/fixture-archives.ts';
import { walgBinary, walgRestoresOurs } from './interop/real-walg.ts';
import { withArchiveAt } from './interop/rehearse-archive.ts';
import type { Proof, ProofRun } from './proof.ts';

interface Case {
  readonly archive: FixtureArchive;
  readonly moment: ExpectedMoment;
}

interface Tally {
  readonly recovered: number;
  readonly outOfReach: number;
  readonly differences: readonly string[];
}

/** A moment before the first backup of its line has none to start from: it must be refused, and is not a difference. */
async function recover({ archive, moment }: Case): Promise<string[] | 'outOfReach'> {
  const target = { kind: 'xid', xid: moment.xid, inclusive: true } as const;
  try {
    return await withArchiveAt({ ...archive, timeline: moment.timeline, target }, (standing) =>
      differingTables(standing, moment.tables),
    );
  } catch (error) {
    if (isFailure(error, 'refused') && !isWithinReach(archive, moment)) return 'outOfReach';
    throw error;
  }
}

async function fixtureCases(): Promise<Case[]> {
  const archives = await fixtureArchives();
  return archives.flatMap((archive) => archive.moments.map((moment) => ({ archive, moment })));
}

async function ourSide({ seed, count, log }: ProofRun): Promise<Tally> {
  const cases = await fixtureCases();
  let [recovered, outOfReach] = [0, 0];
  const differences: string[] = [];
  for (let number = seed; number < seed + count; number++) {
    // A stride that has no factor in common with the number of cases visits all of them, and other archives first.
    const picked = cases[(number * 7) % cases.length];
    if (picked === undefined) throw new Error('there are no archives in fixtures/walg');
    const found = await recover(picked);
    if (found === 'outOfReach') outOfReach++;
    else recovered++;
    const name = `${picked.archive.name} at xid ${picked.moment.xid} on timeline ${picked.moment.timeline}`;
    log(
      `${number}: ${name}: ${found === 'outOfReach' ? 'before the first backup, refused' : found.length === 0 ? 'equal' : found.join('; ')}`,
    );
    if (found !== 'outOfReach') differences.push(...found.map((difference) => `${name}: ${difference}`));
  }
  return { recovered, outOfReach, differences };
}

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
    const ours = await ourSide(given);
    const its = await itsSide(given);
    const differences = [...ours.differences, ...(its?.differences ?? [])];
    const itsFigure =
      its === undefined ? 'no wal-g at hand for the other direction' : `${its.restored} of ours restored by wal-g`;
    const figure = `${ours.recovered} moments of WAL-G's archives recovered, ${ours.outOfReach} refused as out of reach, ${itsFigure}: ${differences.length} differences`;
    return { holds: differences.length === 0 && ours.recovered > 0, figure };
  },
};
