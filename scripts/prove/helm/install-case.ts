/**
 * `helm install` on a fresh namespace: a healthy cluster, a first backup, `helm test`.
 *
 * @module
 */

import { join } from 'node:path';

import { clusterExpectations, differencesOf, type Expected } from './look.ts';
import { givenBucket, provisionedBucket } from './chart-archives.ts';
import { CHARTS, placeFlags, SEED_VALUES, withLogs, type HelmBed } from './release.ts';

/** What is installed. */
export interface InstallCase {
  readonly chart: 'patroni' | 'cas-postgres';
  readonly release: string;
  /** The scope: the name of all objects. */
  readonly app: string;
  readonly members: number;
  /** The chart's own Job makes the bucket, where a server of S3 with users can be had. */
  readonly provisions: boolean;
  readonly flags: readonly string[];
}

/** The seed's own: its values file over cas-postgres, keys in ConfigMaps. */
export const SEED_INSTALL: InstallCase = {
  chart: 'cas-postgres',
  release: 'cas-metabase',
  app: 'cas-metabase-patroni',
  members: 3,
  provisions: false,
  flags: ['--values', SEED_VALUES],
};

/** The chart beneath with everything that is new, keys in Endpoints, passwords that are given. */
export const PLAIN_INSTALL: InstallCase = {
  chart: 'patroni',
  release: 'shop',
  app: 'shop-patroni',
  members: 3,
  provisions: true,
  flags: [
    'replicaCount=3',
    'credentials.superuser=given',
    'walE.enable=true',
    'networkPolicy.enabled=true',
    'networkPolicy.egress.enabled=true',
    'recovery.enabled=true',
    'recovery.persistentVolumes=true',
  ].flatMap((value) => ['--set', value]),
};

/** How one came out. */
export interface CaseOutcome {
  readonly differences: readonly string[];
  readonly text: string;
}

/** Installs and looks. */
export async function runInstall(
  given: HelmBed,
  { chart, release, app, members, provisions, flags }: InstallCase,
): Promise<CaseOutcome> {
  await using namespace = await given.bed.namespace('a-helm', { isProject: true });
  const archive = provisions && given.s3 !== undefined ? provisionedBucket(given.s3) : givenBucket(given.archive);
  await archive.prepare(namespace);
  const beganMs = Date.now();
  const below = chart === 'cas-postgres' ? 'patroni.' : '';
  await withLogs(namespace, () =>
    namespace.helm(['install', release, join(CHARTS, chart), ...flags, ...placeFlags(given.image, archive, below)]),
  );
  await withLogs(namespace, () => namespace.helm(['test', release, '--timeout', '10m']));
  const readyMs = Date.now() - beganMs;
  const own: readonly Expected[] = [
    {
      what: 'backups where the release’s own are',
      expected: 'some',
      found: async () => ((await archive.backups(namespace, app)).length > 0 ? 'some' : 'none'),
    },
    {
      what: 'the claims',
      expected: Array.from(
        { length: members },
        (_, index) => `persistentvolumeclaim/storage-volume-${app}-${index}`,
      ).join(' '),
      found: async () => (await namespace.kubectl(['get', 'pvc', '-o', 'name'])).trim().split('\n').join(' '),
    },
    {
      what: 'a second test',
      expected: 'Succeeded',
      found: async () => /Phase: +(\w+)/.exec(await namespace.helm(['test', release]))?.[1] ?? 'unknown',
    },
  ];
  const differences = await differencesOf([...(await clusterExpectations(namespace, app, members)), ...own]);
  return {
    differences,
    text: `${chart}${archive.values['bucket.provision.enabled'] === 'true' ? ' with a bucket that it provisions' : ''}: ${members} members and a backup after ${(readyMs / 1000).toFixed(0)} s`,
  };
}
