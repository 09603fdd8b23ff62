/**
 * The charts on a real Kubernetes, whose projects are OpenShift's: Pod Security "restricted", users from the project's range, keys in
 * ConfigMaps and in Endpoints.
 *
 * Seed `s` is one of nine cases. Installed: cas-postgres with a values file of the seed's (0), patroni with all that is new and a bucket of
 * S3 that its Job provisions (1), cas-postgres with a bucket that its Job provisions, of Google (3) and of S3 (4). Upgraded: a release of
 * the seed's shape (2), one that was recovered by *recreate* (5) and by *clone* (6), one amid a recovery by *rebind* (7) and by *recreate*
 * (8). A case whose parts cannot be had here does not hold.
 *
 * What it cannot show: Google's own accounts and policies, which no emulator has; in front of fake-gcs-server is what the tests make of
 * Google's documentation (tests/support/google-cloud.ts).
 *
 * @module
 */

import { bedImage } from '../../tests/support/kubernetes/bed-image.ts';
import { startBed } from '../../tests/support/kubernetes/bed.ts';
import { startBedArchive } from '../../tests/support/kubernetes/bed-archive.ts';
import { imitateOpenShift } from '../../tests/support/kubernetes/openshift.ts';
import {
  PLAIN_INSTALL,
  runInstall,
  SEED_AT_GOOGLE,
  SEED_IN_S3,
  SEED_INSTALL,
  type CaseOutcome,
} from './helm/install-case.ts';
import { runAmidRebind, runAmidRecreate, runRecovered } from './helm/recovered-case.ts';
import type { HelmBed } from './helm/release.ts';
import { runUpgrade } from './helm/upgrade-case.ts';
import type { Proof, ProofResult, ProofRun } from './proof.ts';

const CASES: readonly ((given: HelmBed) => Promise<CaseOutcome>)[] = [
  (given) => runInstall(given, SEED_INSTALL),
  (given) => runInstall(given, PLAIN_INSTALL),
  runUpgrade,
  (given) => runInstall(given, SEED_AT_GOOGLE),
  (given) => runInstall(given, SEED_IN_S3),
  (given) => runRecovered(given, 'recreate'),
  (given) => runRecovered(given, 'clone'),
  runAmidRebind,
  runAmidRecreate,
];

function skipped(why: string, log: ProofRun['log']): ProofResult {
  log(`SKIPPED: the charts: ${why}`);
  return { holds: false, figure: `no chart was installed: ${why}` };
}

async function run({ seed, count, log }: ProofRun): Promise<ProofResult> {
  await using bed = await startBed();
  if (bed === undefined) return skipped('there is no bed', log);
  await using archive = await startBedArchive();
  if (archive === undefined) return skipped('there is no server of Google Cloud Storage', log);
  const image = await bedImage(bed);
  if (typeof image === 'string') return skipped(image, log);
  await imitateOpenShift(bed);
  const texts: string[] = [];
  let wrong = 0;
  for (let one = seed; one < seed + count; one += 1) {
    const outcome = await (CASES[one % CASES.length] ?? runUpgrade)({ bed, image, archive, log });
    const { differences, text, skipped: why } = outcome;
    if (why !== undefined) log(`SKIPPED: ${one}: ${text}: ${why}`);
    else log(`${one}: ${text}: ${differences.length === 0 ? 'as it must be' : differences.join('; ')}`);
    texts.push(why === undefined ? text : `${text} was not installed: ${why}`);
    // What was not tried shows nothing.
    if (differences.length > 0 || why !== undefined) wrong += 1;
  }
  return { holds: wrong === 0, figure: `${texts.join('; ')}: ${wrong} of ${count} cases not as they must be` };
}

/** The proof. */
export const proof: Proof = {
  name: 'helm',
  shows:
    'helm install brings a healthy cluster with a backup, and an upgrade from the seed’s shape, after a recovery and in the middle of one keeps everything',
  defaultCount: 1,
  group: 'containers',
  budgetMs: 300_000,
  run,
};
