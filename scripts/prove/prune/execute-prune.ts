/**
 * A plan made of real objects and run on them: interrupted at a random deletion, or with something else going on beside it;
 * then looked at, and run to its end.
 *
 * @module
 */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { isFailure } from '../../../src/base/failure.ts';
import { wrappedStore } from '../../../src/archive/testing/wrapped-store.ts';
import { planPrune } from '../../../src/prune/prune-plan.ts';
import { runPrune } from '../../../src/prune/prune.ts';
import type { ObjectStore } from '../../../src/storage/object-store.ts';
import { openStore } from '../../../src/storage/open.ts';
import type { Random } from '../../../tests/support/random.ts';
import { inUseOf, policyOf, timeOf } from './as-facts.ts';
import { brokenPromises, otherObjects } from './compare-decision.ts';
import { whatStays, type ModelPolicy } from './keep-model.ts';
import type { LivedArchive } from './lived-archive.ts';
import { Meanwhile } from './meanwhile.ts';
import { leftOverKeys, readState, writeArchive } from './real-archive.ts';

/** How it went. */
export interface Execution {
  readonly differences: readonly string[];
  readonly wasInterrupted: boolean;
}

/** Executes. */
export async function executePrune(archive: LivedArchive, policy: ModelPolicy, random: Random): Promise<Execution> {
  const folder = await mkdtemp(join(tmpdir(), 'walkback-prune-proof-'));
  const store = await openStore({ kind: 'file', path: folder });
  try {
    await writeArchive(folder, archive);
    const keeps = whatStays(archive, policy);
    const request = { policy: policyOf(policy), inUse: inUseOf(archive), nowMs: timeOf(archive.nowHour) };
    const plan = await planPrune(store, request);
    const differences: string[] = [];
    let wasInterrupted = false;
    if (random.chance(0.5)) {
      const meanwhile = new Meanwhile(store, archive, random);
      // What has come in between may be in the way of the rest.
      await runPrune(meanwhile.storeFor(plan.totals.objects + 2 * plan.going.length), plan).catch((error: unknown) => {
        if (!isFailure(error, 'conflict')) throw error;
      });
      differences.push(...(await meanwhile.undo()));
    }
    try {
      // Sentinels go first: half of the interruptions are among them.
      const rest = await planPrune(store, request);
      const latest = random.chance(0.5) ? rest.going.length : rest.totals.objects;
      await runPrune(interruptedAt(store, random.between(0, Math.max(1, latest))), rest);
    } catch (error) {
      if (!(error instanceof Interruption)) throw error;
      wasInterrupted = true;
      differences.push(...brokenPromises(archive, keeps.fromHour, await readState(store, archive)));
    }
    // What stays was decided before; a model of what is left says the same, and the window begins where it began.
    const again = await planPrune(store, request);
    await runPrune(store, again);
    const after = await readState(store, archive);
    differences.push(...otherObjects(keeps, after), ...brokenPromises(archive, keeps.fromHour, after));
    differences.push(...(await leftOverKeys(store, archive, keeps)));
    return { differences: differences.map((one) => `on real objects: ${one}`), wasInterrupted };
  } finally {
    await store.close();
    await rm(folder, { recursive: true, force: true });
  }
}

class Interruption extends Error {}

/** As `store`, but after so many deleted objects there is no more. */
function interruptedAt(store: ObjectStore, count: number): ObjectStore {
  let left = count;
  return wrappedStore(store, {
    address: store.address,
    delete: async (keys) => {
      for (const key of keys) {
        if (left === 0) throw new Interruption('the process was killed');
        left -= 1;
        await store.delete([key]);
      }
    },
  });
}
