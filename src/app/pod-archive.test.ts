import { describe, expect, it } from 'vitest';

import { Settings } from '../config/load-settings.ts';
import { isFailure } from '../base/failure.ts';
import { containerEnvironment } from '../kubernetes/find/container-environment.ts';
import type { FoundCluster } from '../kubernetes/find/find-cluster.ts';
import { describeCluster } from '../kubernetes/find/describe-cluster.ts';
import { NOTHING_REFERENCED, seedParts, seedPod, seedStatefulSet } from '../kubernetes/find/testing/made-objects.ts';
import { archiveVariables } from './pod-archive.ts';

type Env = readonly { name: string; value: string }[];

/** The seed's cluster with other variables in place of its own of these names. */
function found(env: Env, without: readonly string[] = []): FoundCluster {
  const statefulSet = seedStatefulSet();
  const container = statefulSet.spec?.template.spec?.containers[0];
  if (container?.env === undefined) throw new TypeError('no environment');
  const gone = new Set([...without, ...env.map(({ name }) => name)]);
  container.env = [...container.env.filter(({ name }) => !gone.has(name)), ...env];
  const parts = seedParts({ statefulSet });
  const environment = containerEnvironment(parts.container, NOTHING_REFERENCED, seedPod(0, 'master'));
  return {
    cluster: describeCluster(parts),
    objects: parts.objects,
    container: parts.container,
    environment,
    files: new Map(),
    archive: { container: parts.container, environment },
  };
}

const REGION = { name: 'AWS_REGION', value: 'ca-central-1' };
const KEY: Env = [
  { name: 'AWS_ACCESS_KEY_ID', value: 'id' },
  { name: 'AWS_SECRET_ACCESS_KEY', value: 'hush' },
];
const OF_SEED = ['WAL_GS_BUCKET', 'WALE_GS_PREFIX', 'GOOGLE_APPLICATION_CREDENTIALS'];

describe('the archive of pods', () => {
  it("is where the seed's chart says, with the file of credentials by its path in the pod", () => {
    expect(archiveVariables(found([]), undefined)).toMatchObject({
      WALG_GS_PREFIX: 'gs://shop-wal/wal',
      GOOGLE_APPLICATION_CREDENTIALS: '/etc/credentials/credentials.json',
    });
  });

  it('is where Spilo looks in a bucket: by namespace, scope and major', () => {
    const env = [{ name: 'WAL_S3_BUCKET', value: 'wal' }, REGION, ...KEY];
    const variables = archiveVariables(found(env, OF_SEED), 17);
    expect(variables['WALG_S3_PREFIX']).toBe('s3://wal/spilo/shop-cas-metabase-patroni/wal/17');
    expect(variables['AWS_ACCESS_KEY_ID']).toBe('id');
  });

  it('is a prefix of WAL-G as it stands', () => {
    const env = [{ name: 'WALG_S3_PREFIX', value: 's3://wal/db' }, REGION, ...KEY];
    expect(archiveVariables(found(env, OF_SEED), undefined)['WALG_S3_PREFIX']).toBe('s3://wal/db');
  });

  it('is refused when nothing names one', () => {
    expect(() => archiveVariables(found([], OF_SEED), 17)).toThrow(
      expect.objectContaining({
        kind: 'refused',
        message: expect.stringContaining('no variable of its pods names one'),
      }),
    );
  });

  it('is refused when two stores are named, as the container refuses them', () => {
    const refusal = (() => {
      try {
        return archiveVariables(found([{ name: 'WALG_S3_PREFIX', value: 's3://wal/db' }]), 17);
      } catch (error) {
        return error;
      }
    })();
    expect(isFailure(refusal, 'usage')).toBe(true);
  });
});

describe("settings with a pod's variables", () => {
  const own = new Settings(
    new Map([['timeZone', 'UTC']]),
    { AWS_ACCESS_KEY_ID: 'mine', AWS_ENDPOINT: 'http://mine', PGDATA: '/mine', HTTPS_PROXY: 'http://proxy' },
    {
      path: '/walkback.yaml',
      texts: new Map([
        ['s3Region', 'mine'],
        ['backupDue', '3h'],
      ]),
      warnings: [],
    },
  );
  const settings = own.withEnvironment(
    { AWS_ACCESS_KEY_ID: 'theirs' },
    (name) => name === 'httpsProxy' || name === 'backupDue',
  );

  it('have nothing of this machine’s own for what is the pod’s', () => {
    expect([settings.find('s3AccessKeyId')?.text, settings.find('s3Endpoint'), settings.find('s3Region')]).toEqual([
      'theirs',
      undefined,
      undefined,
    ]);
    expect(settings.find('dataDirectory')).toBeUndefined();
  });

  it('keep the way of this machine, and flags', () => {
    expect(settings.find('httpsProxy')?.text).toBe('http://proxy');
    expect(settings.find('backupDue')?.text).toBe('3h');
    expect(settings.find('timeZone')?.source.kind).toBe('flag');
  });
});
