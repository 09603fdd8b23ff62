/**
 * `helm install` on a fresh namespace: a healthy cluster, a first backup, `helm test`.
 *
 * @module
 */

import { join } from 'node:path';

import { clusterExpectations, differencesOf, type Expected } from './look.ts';
import { givenBucket, provisionedAtGoogle, provisionedInS3, type OpensArchive } from './chart-archives.ts';
import { CHARTS, placeFlags, SEED_VALUES, withLogs, type HelmBed } from './release.ts';

/** What is installed. */
export interface InstallCase {
  readonly chart: 'patroni' | 'cas-postgres';
  readonly release: string;
  /** The scope: the name of all objects. */
  readonly app: string;
  readonly members: number;
  /** The bucket, in words. */
  readonly bucket: string;
  readonly opens: OpensArchive;
  readonly flags: readonly string[];
}

const GIVEN = {
  bucket: 'a bucket that is there',
  opens: (archive) => Promise.resolve(givenBucket(archive)),
} as const satisfies Partial<InstallCase>;
const IN_S3 = {
  bucket: 'a bucket of S3 that it provisions',
  opens: provisionedInS3,
} as const satisfies Partial<InstallCase>;
const AT_GOOGLE = {
  bucket: 'a bucket of Google that it provisions',
  opens: provisionedAtGoogle,
} as const satisfies Partial<InstallCase>;

const SEED = {
  chart: 'cas-postgres',
  release: 'cas-metabase',
  app: 'cas-metabase-patroni',
  members: 3,
  flags: ['--values', SEED_VALUES],
} as const satisfies Partial<InstallCase>;

/** The seed's own: its values file over cas-postgres, keys in ConfigMaps. */
export const SEED_INSTALL: InstallCase = { ...SEED, ...GIVEN };
/** The same, with the bucket made by the chart's Job: one of Google, as the seed's is, and one of S3. */
export const SEED_AT_GOOGLE: InstallCase = { ...SEED, ...AT_GOOGLE };
export const SEED_IN_S3: InstallCase = {
  ...SEED,
  ...IN_S3,
  // A file of the seed's names its bucket of Google: of two, one has to go.
  flags: [...SEED.flags, '--set', 'patroni.walE.gcsBucket='],
};

/** The chart beneath with everything that is new, keys in Endpoints, passwords that are given. */
export const PLAIN_INSTALL: InstallCase = {
  chart: 'patroni',
  release: 'shop',
  app: 'shop-patroni',
  members: 3,
  ...IN_S3,
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
  /** It was not run, and why: nothing is shown then. */
  readonly skipped?: string;
}

/** Installs and looks. */
export async function runInstall(
  given: HelmBed,
  { chart, release, app, members, bucket, opens, flags }: InstallCase,
): Promise<CaseOutcome> {
  const text = `${chart} with ${bucket}`;
  const opened = await opens(given.archive);
  if (typeof opened === 'string') return { differences: [], text, skipped: opened };
  await using archive = opened;
  await using namespace = await given.bed.namespace('a-helm', { isProject: true });
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
  return { differences, text: `${text}: ${members} members and a backup after ${(readyMs / 1000).toFixed(0)} s` };
}
