/**
 * `helm upgrade` of a release that has the seed's shape: the StatefulSet, the claims, the volumes, the passwords and the archive's
 * address stay, and so do the rows.
 *
 * @module
 */

import { join } from 'node:path';

import type { TestNamespace } from '../../../tests/support/kubernetes/namespace.ts';
import type { CaseOutcome } from './install-case.ts';
import { clusterExpectations, differencesOf } from './look.ts';
import { givenBucket } from './chart-archives.ts';
import { CHARTS, leaderOf, placeFlags, SEED_CHART, sqlIn, withLogs, type HelmBed } from './release.ts';

const RELEASE = 'shop';
const APP = 'shop-patroni';
const MEMBERS = 2;
const ROWS = 5_000;

/** What an upgrade must leave as it is, by what it is called. */
async function whatStays(namespace: TestNamespace): Promise<Readonly<Record<string, string>>> {
  const get = (path: string, ...words: readonly string[]): Promise<string> =>
    namespace.kubectl(['get', ...words, '--output', `jsonpath=${path}`]);
  const leader = await leaderOf(namespace, APP);
  const container = '{.spec.template.spec.containers[?(@.name=="patroni")]';
  return {
    'the StatefulSet': await get('{.metadata.uid}', 'statefulset', APP),
    'the claims': await get('{range .items[*]}{.metadata.name} {.metadata.uid} {.spec.volumeName}\n{end}', 'pvc'),
    'the passwords': await get('{.data}', 'secret', APP),
    'the Services': await get(
      '{range .items[*]}{.metadata.name} {.metadata.uid}\n{end}',
      'service',
      '--field-selector',
      `metadata.name=${APP}`,
    ),
    'the address of the archive': await get(`${container}.env[?(@.name=="WALE_GS_PREFIX")].value}`, 'statefulset', APP),
    'the claims’ template': await get('{.spec.volumeClaimTemplates[*].metadata.name}', 'statefulset', APP),
    'the order of pods': await get('{.spec.podManagementPolicy}', 'statefulset', APP),
    'the rows': await sqlIn(namespace, leader, `select count(*), md5(string_agg(note, ',' order by id)) from kept`),
    'the system': await sqlIn(namespace, leader, 'select system_identifier from pg_control_system()'),
  };
}

const WRITE = `create table kept as select id, md5(id::text) as note from generate_series(1, ${ROWS}) as id; checkpoint;`;

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
  await withLogs(namespace, async () => sqlIn(namespace, await leaderOf(namespace, APP), WRITE));
  const before = await whatStays(namespace);
  const beganMs = Date.now();
  await namespace.helm(['upgrade', RELEASE, join(CHARTS, 'patroni'), ...flags]);
  await withLogs(namespace, async () => {
    await namespace.kubectl(['rollout', 'status', `statefulset/${APP}`, '--timeout=10m']);
    await namespace.helm(['test', RELEASE, '--timeout', '10m']);
  });
  const upgradedMs = Date.now() - beganMs;
  const after = await whatStays(namespace);
  const changed = Object.keys(before)
    .filter((what) => before[what] !== after[what] || before[what] === '')
    .map((what) => `${what}: ${before[what] ?? ''} became ${after[what] ?? ''}`);
  const differences = await differencesOf(await clusterExpectations(namespace, APP, MEMBERS));
  const text = `upgrade of the seed's shape: ${ROWS} rows, ${Object.keys(before).length} things kept, in ${(upgradedMs / 1000).toFixed(0)} s`;
  return { differences: [...changed, ...differences], text };
}
