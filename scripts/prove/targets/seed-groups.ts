/**
 * Seeds that share a cluster: writing one takes longer than a case on it.
 *
 * @module
 */

import { MAJORS } from '../../../tests/support/postgres.ts';
import type { ProofRun } from '../proof.ts';

/** The seeds of a range that are run on one cluster. */
export interface SeedGroup {
  readonly major: number;
  readonly clusterSeed: number;
  readonly seeds: readonly number[];
}

/** The seeds of a range, by the cluster they are run on: seed `s` is of major 14 + s mod 5, and so many seeds share five clusters. */
export function seedGroups({ seed, count }: Pick<ProofRun, 'seed' | 'count'>, seedsPerBlock: number): SeedGroup[] {
  const found = new Map<string, SeedGroup & { readonly seeds: number[] }>();
  for (let one = seed; one < seed + count; one++) {
    const major = MAJORS[one % MAJORS.length] ?? 17;
    const clusterSeed = Math.floor(one / seedsPerBlock);
    const key = `${clusterSeed}/${major}`;
    const group = found.get(key) ?? { major, clusterSeed, seeds: [] };
    found.set(key, group);
    group.seeds.push(one);
  }
  return [...found.values()];
}
