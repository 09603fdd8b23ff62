import { describe, expect, it } from 'vitest';

import type { ContainerVariable } from '../../find/container-environment.ts';
import type { FoundCluster } from '../../find/find-cluster.ts';
import { cloneSubjectOf } from './clone-subject.ts';

/** As a container has them; those of `whole` come with a Secret. */
function foundWith(values: Readonly<Record<string, string>>, whole: readonly string[] = []): FoundCluster {
  const environment = new Map(
    Object.entries(values).map(([name, value]): [string, ContainerVariable] => [
      name,
      { name, value, secretValue: value, from: 'the pod specification', problem: undefined },
    ]),
  );
  const env = Object.keys(values)
    .filter((name) => !whole.includes(name))
    .map((name) => ({ name, value: values[name] ?? '' }));
  const container = { name: 'patroni', env };
  return {
    cluster: { patroni: {}, claimTemplate: { sizeBytes: 1000n } },
    container,
    environment,
    archive: { container, environment },
  } as unknown as FoundCluster;
}

const CHART = {
  SCOPE: 'shop',
  USE_WALG: 'true',
  WALE_GS_PREFIX: 'gs://b/shop',
  GOOGLE_APPLICATION_CREDENTIALS: '/etc/credentials/credentials.json',
  WALE_BACKUP_THRESHOLD_MEGABYTES: '1024',
};

describe('what a clone has to do with', () => {
  it('are the variables that name the archive, and those that reach it', () => {
    expect(cloneSubjectOf(foundWith(CHART))).toEqual({
      container: 'patroni',
      scope: 'shop',
      prefixVariables: ['WALE_GS_PREFIX'],
      cloneVariable: 'CLONE_WALG_GS_PREFIX',
      copied: ['GOOGLE_APPLICATION_CREDENTIALS'],
      claimBytes: 1000n,
    });
  });

  it("names both variables where both are set, and a bucket's address by one that goes before it", () => {
    const both = cloneSubjectOf(foundWith({ ...CHART, WALG_GS_PREFIX: 'gs://b/shop' }));
    expect(both).toMatchObject({ prefixVariables: ['WALE_GS_PREFIX', 'WALG_GS_PREFIX'] });
    const bucket = cloneSubjectOf(foundWith({ SCOPE: 'shop', WAL_S3_BUCKET: 'b', AWS_SECRET_ACCESS_KEY: 'x' }));
    expect(bucket).toMatchObject({ prefixVariables: ['WALE_S3_PREFIX'], copied: ['AWS_SECRET_ACCESS_KEY'] });
  });

  it.each([
    [{ ...CHART, CLONE_METHOD: 'CLONE_WITH_WALE' }, /earlier clone/],
    [{ SCOPE: 'shop', WALG_SSH_PREFIX: 'ssh://h/a' }, /no store that Spilo clones from/],
    [{ ...CHART, WALKBACK_ARCHIVE: 'gs://b/shop' }, /variables of Spilo/],
  ])('is nothing for %o', (values, why) => {
    expect(cloneSubjectOf(foundWith(values))).toMatch(why);
  });

  it('is nothing where a credential comes with a whole Secret', () => {
    const found = foundWith({ ...CHART, AWS_SECRET_ACCESS_KEY: 'x' }, ['AWS_SECRET_ACCESS_KEY']);
    expect(cloneSubjectOf(found)).toMatch(/one by one/);
  });
});
