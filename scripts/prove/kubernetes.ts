/**
 * Recovery of a cluster of two members in a namespace of a real Kubernetes, under load: to just before a random transaction, back
 * again, and forth once more; by each way.
 *
 * Seed `s` is one case, of the way `s` modulo 5: `rebind`, `in-volume`, `recreate`, `rebind` with pod 1 as the leader,
 * and `clone`, the image's own restore. Seeds 0 to 4 hold 50 MB, 5 to 9 hold 5 GB, and so on.
 *
 * The time down must not grow with that, but for a clone's: a case of 5 GB is compared with the newest of 50 MB of its way, of this run
 * or of a row in `docs/proofs.md` that held (`kubernetes/growth.ts` has the bound, and why it is that).
 */

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { startBed } from '../../tests/support/kubernetes/bed.ts';
import { downText, growthVerdict, recordedDowns, type Down } from './kubernetes/growth.ts';
import { caseOf, runNamespaceCase } from './kubernetes/namespace-case.ts';
import type { Proof } from './proof.ts';

/** A recovery, its undo, and the recovery again. */
const DOWNS = 3;
/** What was recorded. */
const PAGE = join(import.meta.dirname, '../../docs/proofs.md');

/** The proof. */
export const proof: Proof = {
  name: 'kubernetes',
  shows:
    'A cluster in a namespace, recovered under load to just before a random transaction by each way, taken back and recovered again, equals the oracle on every member, each of which is proven to follow the leader; every member’s data from before is where its way keeps it, and the time down does not grow with the data.',
  defaultCount: 1,
  group: 'namespaces',
  budgetMs: 900_000,
  run: async ({ seed, count, log }) => {
    const bed = await startBed();
    if (bed === undefined) return { holds: false, figure: 'SKIPPED: no Kubernetes runs here' };
    let wrong = 0;
    const recorded = recordedDowns(await readFile(PAGE, 'utf8'));
    const downs: Down[] = [];
    for (let one = seed; one < seed + count; one += 1) {
      const begunMs = Date.now();
      const way = caseOf(one);
      log(`${one}: ${way.way}${way.leader === 0 ? '' : `, pod ${way.leader} leads`}, ${way.bulk.megabytes} MB`);
      const { problems, downMs } = await runNamespaceCase(bed, { seed: one, ...way, log }).catch((error: unknown) => ({
        problems: [String(error)],
        downMs: [],
      }));
      const text = problems.length === 0 ? 'equal on all members' : problems.join('; ');
      log(`${one}: ${text} (${Math.round((Date.now() - begunMs) / 1000)} s)`);
      // A time that was not measured is none that could be compared.
      const isMeasured = downMs.length === DOWNS && downMs.every((ms) => Number.isFinite(ms) && ms > 0);
      if (problems.length > 0 || !isMeasured) wrong += 1;
      const label = `${way.way}${way.leader === 0 ? '' : ` led by pod ${way.leader}`}`;
      downs.push({ label, megabytes: way.bulk.megabytes, ms: downMs });
    }
    const growth = growthVerdict(downs, recorded);
    return {
      holds: wrong === 0 && growth.holds,
      figure: `${count - wrong} of ${count} recoveries, undos and recoveries again in a namespace; down: ${downs.map(downText).join('; ')}${growth.text}`,
    };
  },
};
