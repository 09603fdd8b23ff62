/**
 * The charts on a real Kubernetes, whose projects are OpenShift's: Pod Security "restricted", users from the project's range, keys in
 * ConfigMaps and in Endpoints.
 *
 * Seed `s` is one of three cases: cas-postgres with a values file of the seed's, patroni with all that is new, and a release of the
 * seed's shape that is upgraded.
 *
 * @module
 */

import { bedImage } from '../../tests/support/kubernetes/bed-image.ts';
import { HOST_ADDRESS, startBed } from '../../tests/support/kubernetes/bed.ts';
import { startBedArchive } from '../../tests/support/kubernetes/bed-archive.ts';
import { startMinio } from '../../tests/support/minio.ts';
import { imitateOpenShift } from '../../tests/support/kubernetes/openshift.ts';
import { PLAIN_INSTALL, runInstall, SEED_INSTALL, type CaseOutcome } from './helm/install-case.ts';
import type { HelmBed } from './helm/release.ts';
import { runUpgrade } from './helm/upgrade-case.ts';
import type { Proof, ProofResult, ProofRun } from './proof.ts';

const CASES: readonly ((given: HelmBed) => Promise<CaseOutcome>)[] = [
  (given) => runInstall(given, SEED_INSTALL),
  (given) => runInstall(given, PLAIN_INSTALL),
  runUpgrade,
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
  await using s3 = await startMinio({ host: HOST_ADDRESS });
  if (s3?.kind !== 'minio') log('SKIPPED: a bucket that the chart provisions: there is no MinIO, which has users');
  await imitateOpenShift(bed);
  const texts: string[] = [];
  let wrong = 0;
  for (let one = seed; one < seed + count; one += 1) {
    const { differences, text } = await (CASES[one % CASES.length] ?? runUpgrade)({
      bed,
      image,
      archive,
      s3: s3?.kind === 'minio' ? s3 : undefined,
    });
    log(`${one}: ${text}: ${differences.length === 0 ? 'as it must be' : differences.join('; ')}`);
    texts.push(text);
    if (differences.length > 0) wrong += 1;
  }
  return { holds: wrong === 0, figure: `${texts.join('; ')}: ${wrong} of ${count} cases not as they must be` };
}

/** The proof. */
export const proof: Proof = {
  name: 'helm',
  shows: 'helm install brings a healthy cluster with a backup, and an upgrade from the seed’s shape keeps everything',
  defaultCount: 1,
  inContainers: true,
  budgetMs: 300_000,
  run,
};
