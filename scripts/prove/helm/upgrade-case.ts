/**
 * `helm upgrade` of a release that has the seed's shape: the StatefulSet, the claims, the volumes, the passwords and the archive's
 * address stay, and so do the rows.
 *
 * @module
 */

import { join } from 'node:path';

import type { CaseOutcome } from './install-case.ts';
import { clusterExpectations, differencesOf } from './look.ts';
import { givenBucket } from './chart-archives.ts';
import { CHARTS, placeFlags, SEED_CHART, withLogs, type HelmBed } from './release.ts';
import { changesOf, ROWS, whatStays, writeKept } from './what-stays.ts';

const RELEASE = 'shop';
const APP = 'shop-patroni';
const MEMBERS = 2;

/** The seed's values as far as they are the chart patroni's own. */
const SEED = [
  `replicaCount=${MEMBERS}`,
  'credentials.random=true',
  'persistentVolume.size=1Gi',
  'kubernetes.configmaps.enable=true',
  'walE.enable=true',
  'walE.retainBackups=90',
].flatMap((value) => ['--set', value]);

/** Installs, writes, upgrades, compares. */
export async function runUpgrade(given: HelmBed): Promise<CaseOutcome> {
  await using namespace = await given.bed.namespace('a-helm', { isProject: true });
  const archive = givenBucket(given.archive);
  await archive.prepare(namespace);
  const flags = [...SEED, ...placeFlags(given.image, archive, '')];
  await namespace.helm(['install', RELEASE, SEED_CHART, ...flags]);
  await withLogs(namespace, () => writeKept(namespace, APP));
  const before = await whatStays(namespace, APP);
  const beganMs = Date.now();
  await namespace.helm(['upgrade', RELEASE, join(CHARTS, 'patroni'), ...flags]);
  await withLogs(namespace, async () => {
    await namespace.kubectl(['rollout', 'status', `statefulset/${APP}`, '--timeout=10m']);
    await namespace.helm(['test', RELEASE, '--timeout', '10m']);
  });
  const upgradedMs = Date.now() - beganMs;
  const changed = changesOf(before, await whatStays(namespace, APP));
  const differences = await differencesOf(await clusterExpectations(namespace, APP, MEMBERS));
  const text = `upgrade of the seed's shape: ${ROWS} rows, ${Object.keys(before).length} things kept, in ${(upgradedMs / 1000).toFixed(0)} s`;
  return { differences: [...changed, ...differences], text };
}
