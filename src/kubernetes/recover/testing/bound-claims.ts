/**
 * Claims and their volumes in a namespace whose cluster is down, for tests of what is bound to what.
 *
 * @module
 */

import { keepObjects, type KeptObjects } from '../../api/testing/kept-objects.ts';
import type { PersistentVolume, PersistentVolumeClaim } from '../../api/kubernetes-objects.ts';

const CLAIMS = '/api/v1/namespaces/shop/persistentvolumeclaims';
const VOLUMES = '/api/v1/persistentvolumes';
const BOUND = { status: { phase: 'Bound' } };

function claimOf(name: string, volume: string): PersistentVolumeClaim {
  const metadata = { name, uid: `uid of ${name} on ${volume}` };
  return { metadata, spec: { volumeName: volume }, ...BOUND };
}

function volumeOf(name: string, claim: string): PersistentVolume {
  const claimRef = { namespace: 'shop', name: claim, uid: `uid of ${claim} on ${name}` };
  return { metadata: { name }, spec: { claimRef, persistentVolumeReclaimPolicy: 'Delete' } };
}

/** A claim is made, on a new volume, as a StatefulSet does where it finds none of its name. */
export function makeClaim({ objects }: KeptObjects, claim: string, volume: string): void {
  objects.set(`${VOLUMES}/${volume}`, volumeOf(volume, claim));
  objects.set(`${CLAIMS}/${claim}`, claimOf(claim, volume));
}

/** A volume is removed. */
export function removeVolume({ objects }: KeptObjects, volume: string): void {
  objects.delete(`${VOLUMES}/${volume}`);
}

/** Such a namespace. A claim that is made there is bound at once, as its volume is reserved for it. @param bound volumes by their claims. */
export function boundNamespace(bound: Readonly<Record<string, string>>): KeptObjects {
  const statefulSet = { metadata: { name: 'shop' }, spec: { replicas: 0 } };
  const kept = keepObjects(
    { '/apis/apps/v1/namespaces/shop/statefulsets/shop': statefulSet },
    {
      onMade: (path, made, { objects }) => {
        if (path === CLAIMS) objects.set(`${path}/${made.metadata?.name}`, { ...made, ...BOUND });
      },
    },
  );
  for (const [claim, volume] of Object.entries(bound)) makeClaim(kept, claim, volume);
  return kept;
}

/** Which volume each claim has. */
export function bindings({ objects }: KeptObjects): Record<string, unknown> {
  return Object.fromEntries(
    [...objects].flatMap(([path, object]) =>
      path.startsWith(`${CLAIMS}/`)
        ? [[path.slice(CLAIMS.length + 1), Reflect.get(Object(Reflect.get(object, 'spec')), 'volumeName')]]
        : [],
    ),
  );
}

/** The reclaim policy of a volume. */
export function policyOf({ objects }: KeptObjects, name: string): string | undefined {
  const volume: PersistentVolume | undefined = objects.get(`${VOLUMES}/${name}`);
  return volume?.spec?.persistentVolumeReclaimPolicy;
}
