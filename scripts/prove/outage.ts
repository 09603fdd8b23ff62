/**
 * Outages of the store during a recovery: whatever the store does, the server never opens short of its target, and goes
 * on to it when the store is back.
 *
 * Seed `s` is one recovery on major 14 + s mod 5: to a target or to the end, by the agent or by the program, through one
 * of the outages, which begins at some segment before the target.
 *
 * @module
 */

import { openStore } from '../../src/storage/open.ts';
import type { S3Location } from '../../src/storage/s3/s3-location.ts';
import { archivedCluster, programFolder, pushAll, type ArchivedCluster } from '../../tests/support/archived-cluster.ts';
import { startMinio, type S3TestServer } from '../../tests/support/minio.ts';
import { MAJORS } from '../../tests/support/postgres.ts';
import { seededRandom } from '../../tests/support/random.ts';
import { OUTAGES } from './outage/faults.ts';
import { runOutage } from './outage/outage-case.ts';
import type { Proof, ProofRun } from './proof.ts';

const ROWS = 6;

interface Prepared {
  readonly cluster: ArchivedCluster;
  readonly location: S3Location;
}

async function prepare(s3: S3TestServer, major: number): Promise<Prepared> {
  const cluster = await archivedCluster(major, ROWS);
  await cluster.primary.stop();
  const location = await s3.newBucket({ prefix: 'archive' });
  const store = await openStore(location);
  await pushAll({ primary: cluster.primary, store });
  await store.close();
  return { cluster, location };
}

async function trySeed({ cluster, location }: Prepared, seed: number, log: ProofRun['log']): Promise<boolean> {
  const random = seededRandom(seed * 7919 + 3);
  const outage = random.pick(OUTAGES);
  const target = random.chance(0.5) ? random.pick(cluster.markers.slice(2)) : undefined;
  const at = random.pick(cluster.markers.slice(1, target?.rows ?? ROWS));
  const by = random.chance(0.3) ? 'program' : 'agent';
  const bin = await programFolder(cluster.root);
  const { problem } = await runOutage({ cluster, location, outage, at, target, by, programFolder: bin });
  const goal = target === undefined ? 'to the end' : `to ${target.lsn}`;
  log(
    `${seed}: PostgreSQL ${cluster.major}, ${goal}, by the ${by}, ${outage.name} at ${at.segment}: ${problem ?? 'stopped, then went on'}`,
  );
  return problem === undefined;
}

/** The proof. */
export const proof: Proof = {
  name: 'outage',
  shows:
    'a restore_command whose store is unreachable, slow, refusing or lying never opens the server short of its target, on PostgreSQL 14 to 18',
  defaultCount: 2,
  run: async ({ seed, count, log }) => {
    await using s3 = await startMinio();
    if (s3 === undefined) return { holds: false, figure: 'not tried: there is no S3 server here' };
    await using stack = new AsyncDisposableStack();
    const prepared = new Map<number, Prepared>();
    let short = 0;
    for (let one = seed; one < seed + count; one += 1) {
      const major = MAJORS[one % MAJORS.length] ?? 17;
      const found = prepared.get(major) ?? (await prepare(s3, major));
      if (!prepared.has(major)) stack.use(found.cluster);
      prepared.set(major, found);
      if (!(await trySeed(found, one, log))) short += 1;
    }
    const majors = [...prepared.keys()].toSorted((a, b) => a - b).join(', ');
    return {
      holds: short === 0,
      figure: `${count} outages on PostgreSQL ${majors}: ${short} opened short or did not go on`,
    };
  },
};
