/**
 * Moments of the archives in `fixtures/walg/`, which the real wal-g wrote, recovered and compared with what they must contain.
 *
 * @module
 */

import { isFailure } from '../../../src/base/failure.ts';
import type { ProofRun } from '../proof.ts';
import { differingTables } from './compare-tables.ts';
import { fixtureArchives, isWithinReach, type ExpectedMoment, type FixtureArchive } from './fixture-archives.ts';
import { withArchiveAt } from './rehearse-archive.ts';

interface Case {
  readonly archive: FixtureArchive;
  readonly moment: ExpectedMoment;
}

/** What came of them. */
export interface Tally {
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

/** Recovers those of the seeds; numbers go round. */
export async function recoverMoments({ seed, count, log }: ProofRun): Promise<Tally> {
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
