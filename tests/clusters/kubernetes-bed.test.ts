/**
 * The bed itself: what tests on Kubernetes take for granted is so.
 */

import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { startBed, type Bed } from '../support/kubernetes/bed.ts';
import { freezeComponent, killComponent } from '../support/kubernetes/faults.ts';
import type { TestNamespace } from '../support/kubernetes/namespace.ts';
import { until } from '../support/archived-cluster.ts';

const bed = await startBed();

/** A pod that breaks no rule and does nothing. */
function pausingPod(name: string, userId: number, volume?: string): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name },
    spec: {
      securityContext: {
        runAsNonRoot: true,
        runAsUser: userId,
        fsGroup: userId,
        seccompProfile: { type: 'RuntimeDefault' },
      },
      terminationGracePeriodSeconds: 0,
      containers: [
        {
          name: 'pause',
          image: 'k8sbed.local/pause:1',
          imagePullPolicy: 'Never',
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
          ...(volume === undefined ? {} : { volumeMounts: [{ name: 'data', mountPath: '/data' }] }),
        },
      ],
      ...(volume === undefined ? {} : { volumes: [{ name: 'data', persistentVolumeClaim: { claimName: volume } }] }),
    },
  };
}

function claim(name: string, storageClassName: string): object {
  const spec = { accessModes: ['ReadWriteOnce'], storageClassName, resources: { requests: { storage: '1Mi' } } };
  return { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name }, spec };
}

describe.skipIf(bed === undefined)('the bed', () => {
  let there: Bed;
  let namespace: TestNamespace;

  beforeAll(async () => {
    there = bed ?? expect.unreachable();
    namespace = await there.namespace('bed');
  });

  afterAll(async () => {
    await namespace[Symbol.asyncDispose]();
  });

  const apply = (object: object): Promise<string> => namespace.kubectl(['apply', '-f', '-'], JSON.stringify(object));
  const phase = (kind: string, name: string): Promise<string> =>
    namespace.kubectl(['get', kind, name, '-o', 'jsonpath={.status.phase}']);

  test('runs a pod as a user of the namespace, on a volume that goes with its claim', async () => {
    await apply(claim('data', 'dir'));
    await apply(pausingPod('first', namespace.userId, 'data'));
    await namespace.kubectl(['wait', '--for=condition=Ready', 'pod/first', '--timeout=60s']);
    const volume = await namespace.kubectl(['get', 'pvc', 'data', '-o', 'jsonpath={.spec.volumeName}']);
    const folder = await there.kubectl(['get', 'pv', volume, '-o', 'jsonpath={.spec.local.path}']);
    expect(existsSync(folder)).toBe(true);
    await namespace.kubectl(['delete', 'pod/first', 'pvc/data', '--timeout=60s']);
    await until('the folder is gone', async () => Promise.resolve(!existsSync(folder)));
  });

  test('refuses what Pod Security "restricted" forbids', async () => {
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'bold' },
      spec: { containers: [{ name: 'c', image: 'i' }] },
    };
    await expect(apply(pod)).rejects.toThrow(/violates PodSecurity "restricted/);
  });

  test('tells why a storage class makes no volume', async () => {
    await apply(claim('refused', 'refuses'));
    await apply(pausingPod('waiting', namespace.userId, 'refused'));
    await until('an event tells of it', async () => {
      const events = await namespace.kubectl(['get', 'events', '-o', 'jsonpath={.items[*].message}']);
      return events.includes('no space is left for volumes of this class');
    });
    expect(await phase('pvc', 'refused')).toBe('Pending');
  });

  test('a component that is frozen does nothing, and goes on afterwards', async () => {
    const frozen = await freezeComponent(there, 'provisioner');
    await apply(claim('late', 'dir'));
    await apply(pausingPod('late', namespace.userId, 'late'));
    await new Promise((done) => setTimeout(done, 2_000));
    expect(await phase('pvc', 'late')).toBe('Pending');
    await frozen[Symbol.asyncDispose]();
    await namespace.kubectl(['wait', '--for=condition=Ready', 'pod/late', '--timeout=60s']);
  });

  // Only the bed of up.sh has a keeper that starts components again.
  test.skipIf(bed !== undefined && !existsSync(join(bed.state, 'keeper.pid')))(
    'a component that is killed stays away as long as it is held',
    async () => {
      {
        await using _gone = await killComponent(there, 'scheduler');
        await apply(pausingPod('unscheduled', namespace.userId));
        await new Promise((done) => setTimeout(done, 2_000));
        expect(await phase('pod', 'unscheduled')).toBe('Pending');
      }
      await namespace.kubectl(['wait', '--for=condition=Ready', 'pod/unscheduled', '--timeout=60s']);
    },
  );
});
