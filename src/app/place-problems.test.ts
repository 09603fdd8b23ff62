import { describe, expect, it } from 'vitest';

import { Failure } from '../base/failure.ts';
import type { StatefulSet } from '../kubernetes/api/kubernetes-objects.ts';
import { describeCluster } from '../kubernetes/find/describe-cluster.ts';
import type { FoundCluster } from '../kubernetes/find/find-cluster.ts';
import { seedParts, seedStatefulSet } from '../kubernetes/find/testing/made-objects.ts';
import { placeProblems } from './place-problems.ts';

const NO_ARCHIVE = new Failure('notInArchive', { message: 'there is none', remedy: 'Look.' });
const DATA = '/home/postgres/pgdata/pgroot/data';

/** The seed's cluster, with nothing running, and its claim mounted there. */
function foundWith(mountPath: string): FoundCluster {
  const seed = seedStatefulSet();
  const [container] = seed.spec?.template.spec?.containers ?? [];
  if (seed.spec?.template.spec === undefined || container === undefined) throw new TypeError('no container');
  const containers = [{ ...container, volumeMounts: [{ name: 'storage-volume', mountPath }] }];
  const template = { ...seed.spec.template, spec: { ...seed.spec.template.spec, containers } };
  const statefulSet: StatefulSet = { ...seed, spec: { ...seed.spec, template } };
  const parts = seedParts({ statefulSet });
  const objects = { ...parts.objects, pods: [] };
  return {
    cluster: describeCluster({ ...parts, objects }),
    objects,
    container: parts.container,
    environment: parts.variables,
    files: new Map(),
    archive: undefined,
  };
}

describe('where a recovery would be rehearsed', () => {
  it('is well where the data directory is a folder of its volume', () => {
    expect(placeProblems(foundWith('/home/postgres/pgdata'), NO_ARCHIVE)).toEqual([]);
  });

  it('is told of before anybody needs it, where the data directory is the top of its volume', () => {
    expect(placeProblems(foundWith(DATA), NO_ARCHIVE)).toMatchObject([
      {
        level: 'act',
        text: expect.stringContaining('the top of its volume'),
        remedy: expect.stringContaining('PGDATA'),
      },
    ]);
  });

  it('is not told of where the data is on no claim, which is said already', () => {
    expect(placeProblems(foundWith('/elsewhere'), NO_ARCHIVE)).toEqual([]);
  });
});
