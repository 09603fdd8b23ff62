import { describe, expect, it } from 'vitest';

import type { StatefulSet } from '../../api/kubernetes-objects.ts';
import { clonePatch, differingVariable, isToldToClone, recoveredPatch, savedPatch } from './clone-template.ts';
import { plannedClone } from './testing/planned-clone.ts';

const key = { secretKeyRef: { name: 'shop', key: 'libsodium' } };

const saved: StatefulSet = {
  spec: {
    serviceName: 'shop',
    selector: {},
    replicas: 3,
    updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } },
    template: {
      spec: {
        containers: [
          {
            name: 'patroni',
            env: [
              { name: 'WALE_GS_PREFIX', value: 'gs://b/shop' },
              { name: 'GOOGLE_APPLICATION_CREDENTIALS', value: '/etc/credentials/credentials.json' },
              { name: 'WALG_LIBSODIUM_KEY', valueFrom: key },
            ],
            livenessProbe: { httpGet: { path: '/health', port: 8008 }, periodSeconds: 10 },
            startupProbe: { exec: { command: ['pg_isready'] } },
          },
          { name: 'metrics' },
        ],
      },
    },
  },
};

/** A merge, as the server makes it of the fields that are written here. */
function merged(patch: object): StatefulSet {
  const { spec } = patch as StatefulSet;
  return { spec: { ...saved.spec, ...spec } as NonNullable<StatefulSet['spec']> };
}

function firstContainer({ spec }: StatefulSet) {
  return spec?.template.spec?.containers[0];
}

describe('the template of a clone', () => {
  const patched = merged(clonePatch(saved, plannedClone));

  it('has the variables, and copies that take their value from the same Secret', () => {
    expect(differingVariable(patched, plannedClone)).toBeUndefined();
    const env = firstContainer(patched)?.env ?? [];
    expect(env).toContainEqual({ name: 'CLONE_WALG_LIBSODIUM_KEY', valueFrom: key });
    expect(env).toContainEqual({ name: 'WALG_LIBSODIUM_KEY', valueFrom: key });
    expect(env.filter(({ name }) => name === 'WALE_GS_PREFIX')).toEqual([
      { name: 'WALE_GS_PREFIX', value: 'gs://b/shop-7f3a' },
    ]);
    expect(isToldToClone(patched.spec?.template.spec, 'patroni')).toBe(true);
  });

  it('has no probe that a restore fails, and is restarted by nobody', () => {
    const container = firstContainer(patched);
    expect(container?.livenessProbe).toEqual({ httpGet: { path: '/liveness', port: 8008 }, periodSeconds: 10 });
    expect(container?.startupProbe).toBeUndefined();
    expect(patched.spec?.updateStrategy).toEqual({ type: 'OnDelete', rollingUpdate: null });
    expect(patched.spec?.template.metadata?.annotations).toEqual({
      'cluster-autoscaler.kubernetes.io/safe-to-evict': 'false',
    });
  });

  it('leaves other containers as they are', () => {
    expect(patched.spec?.template.spec?.containers[1]).toEqual({ name: 'metrics' });
  });

  it('is told apart where a variable was changed or taken out', () => {
    expect(differingVariable(saved, plannedClone)).toBe('CLONE_METHOD');
    expect(differingVariable(undefined, plannedClone)).toBe('CLONE_METHOD');
  });
});

describe('the template afterwards', () => {
  it('is the saved one, writing to the new location', () => {
    const container = firstContainer(merged(recoveredPatch(saved, plannedClone)));
    expect(container?.env?.some(({ name }) => name.startsWith('CLONE_'))).toBe(false);
    expect(container?.env).toContainEqual({ name: 'WALE_GS_PREFIX', value: 'gs://b/shop-7f3a' });
    expect(container?.livenessProbe).toEqual({ httpGet: { path: '/health', port: 8008 }, periodSeconds: 10 });
  });

  it('is the saved one after an undo', () => {
    const back = merged(savedPatch(saved));
    expect(back.spec?.template.spec).toEqual(saved.spec?.template.spec);
    expect(back.spec?.updateStrategy).toEqual(saved.spec?.updateStrategy);
  });
});
