/**
 * create-user-db, alter-role and the extensions, by bats: the unit suite, and the end-to-end suite in a container of the image.
 *
 * Seed `s` is the end-to-end suite on one of the image's majors; each run begins with the unit suite.
 *
 * @module
 */

import { runBats, type BatsOutcome } from '../../tests/support/bats.ts';
import { isOnPath } from '../../tests/support/programs.ts';
import { startImageServer } from '../../tests/support/image-server.ts';
import { IMAGE_MAJORS, testImage } from './image/test-image.ts';
import type { Proof, ProofRun } from './proof.ts';

const USER = 1_000_680_000;

async function endToEnd(tag: string, etcd: string, major: number): Promise<BatsOutcome> {
  await using server = await startImageServer({ image: tag, major, userId: USER, etcd });
  // Awaited here: the server goes when this returns.
  return await runBats('e2e', { CONTAINER: server.container.name });
}

async function run({ seed, count, log }: ProofRun) {
  const totals = { passed: 0, failed: 0, skipped: 0 };
  const add = (what: string, { passed, failed, skipped }: BatsOutcome): void => {
    log(`${what}: ${passed} passed, ${failed.length} failed, ${skipped.length} skipped`);
    for (const name of failed) log(`FAILED: ${name}`);
    for (const name of skipped) log(`SKIPPED: ${name}`);
    totals.passed += passed;
    totals.failed += failed.length;
    totals.skipped += skipped.length;
  };
  if (!isOnPath('bats', ['--version'])) {
    log('SKIPPED: the bats suites: there is no bats (apt-get install bats)');
    return { holds: false, figure: 'no suite was run: there is no bats' };
  }
  add('unit', await runBats('unit'));
  const image = await testImage();
  if (typeof image === 'string') log(`SKIPPED: the end-to-end suite: ${image}`);
  else
    for (let one = seed; one < seed + count; one += 1) {
      const major = IMAGE_MAJORS[one % IMAGE_MAJORS.length] ?? IMAGE_MAJORS[0];
      add(`${one}: end to end, PostgreSQL ${major}`, await endToEnd(image.tag, image.etcd, major));
    }
  const figure = `${totals.passed} tests passed, ${totals.skipped} skipped: ${totals.failed} failed`;
  return { holds: totals.failed === 0 && typeof image !== 'string', figure };
}

/** The proof. */
export const proof: Proof = {
  name: 'bats',
  shows:
    'create-user-db, alter-role and the extensions are what cas-postgres has: its bats suites and more, in the image',
  defaultCount: 1,
  group: 'containers',
  budgetMs: 240_000,
  run,
};
