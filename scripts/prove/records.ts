/**
 * Records beside `pg_waldump --stats=record`: their number, their length and the length of their images are equal for every
 * kind of every resource manager.
 *
 * Seed `s` is a server of {@link MAJORS_WITH_WALDUMP} number s mod 4 that writes 32 MiB of mixed WAL, drawn by the seed: what,
 * in segments of which size, at which `wal_level`, with images compressed or not. Majors without a `pg_waldump` here are
 * skipped, and said so ({@link findWaldump} tells how to get one).
 *
 * @module
 */

import { writeMixedWal } from '../../tests/support/mixed-wal.ts';
import { seededRandom } from '../../tests/support/random.ts';
import type { Proof } from './proof.ts';
import { findWaldump } from './records/find-waldump.ts';
import { ourStatistics, statisticsDifferences, theirStatistics } from './records/record-statistics.ts';

/** No `pg_waldump` of 14 can be had with ordinary means. */
const MAJORS_WITH_WALDUMP = [15, 16, 17, 18];
const CHUNK_MIB = 32;

interface Tally {
  readonly differences: readonly string[];
  readonly records: number;
  readonly bytes: number;
}

async function compareChunk(seed: number, major: number, waldump: string): Promise<Tally> {
  const random = seededRandom(seed * 104_729 + major);
  const walSegmentSizeMib = random.pick([1, 16, 64]);
  const settings = {
    wal_level: random.pick(['replica', 'logical']),
    wal_compression: random.pick(['off', 'pglz']),
    wal_log_hints: random.pick(['on', 'off']),
    ...(random.chance(0.1) && { wal_consistency_checking: "'all'" }),
  };
  await using wal = await writeMixedWal({ major, random, sizeMib: CHUNK_MIB, walSegmentSizeMib, settings });
  const [ours, theirs] = await Promise.all([ourStatistics(wal, major), theirStatistics(wal, waldump)]);
  return {
    differences: statisticsDifferences(ours, theirs),
    records: theirs.reduce((sum, { records }) => sum + records, 0),
    bytes: theirs.reduce((sum, { recordBytes, imageBytes }) => sum + recordBytes + imageBytes, 0),
  };
}

/** The proof. */
export const proof: Proof = {
  name: 'records',
  shows: 'records of every kind are as many and as long as pg_waldump says, on PostgreSQL 15 to 18',
  defaultCount: 2,
  run: async ({ seed, count, log }) => {
    const [majors, skipped] = [new Set<number>(), new Set<number>()];
    let [records, bytes, differences] = [0, 0, 0];
    for (let one = seed; one < seed + count; one += 1) {
      const major = MAJORS_WITH_WALDUMP[one % MAJORS_WITH_WALDUMP.length] ?? 15;
      const waldump = await findWaldump(major);
      if (waldump === undefined) {
        skipped.add(major);
        log(`${one}: SKIPPED: there is no pg_waldump of PostgreSQL ${major} here`);
        continue;
      }
      majors.add(major);
      const found = await compareChunk(one, major, waldump);
      records += found.records;
      bytes += found.bytes;
      differences += found.differences.length;
      const outcome = found.differences.length === 0 ? 'equal' : found.differences.slice(0, 5).join('; ');
      log(
        `${one}: PostgreSQL ${major}, ${found.records} records, ${Math.round(found.bytes / 2 ** 20)} MiB: ${outcome}`,
      );
    }
    const list = (some: ReadonlySet<number>) => [...some].toSorted((a, b) => a - b).join(', ');
    const left = skipped.size === 0 ? '' : `; SKIPPED for want of a pg_waldump: ${list(skipped)}`;
    const figure = `${records} records, ${(bytes / 2 ** 30).toFixed(2)} GiB on PostgreSQL ${list(majors)}: ${differences} differences${left}`;
    return { holds: differences === 0 && records > 0, figure };
  },
};
