import { expect, it } from 'vitest';

import type { PersistentVolume, PersistentVolumeClaim } from '../api/kubernetes-objects.ts';
import { startScriptedServer } from '../api/testing/api-server.ts';
import { keepObjects } from '../api/testing/kept-objects.ts';
import { exchangeClaim } from './exchange-claim.ts';

const CLAIMS = '/api/v1/namespaces/shop/persistentvolumeclaims/';
const VOLUMES = '/api/v1/persistentvolumes/';

const claim = (name: string, volumeName: string): PersistentVolumeClaim => ({
  metadata: { name, uid: name },
  spec: { volumeName },
  status: { phase: 'Bound' },
});

/** As somebody has set it back since it was kept. */
const volume = (name: string): PersistentVolume => ({
  metadata: { name },
  spec: { persistentVolumeReclaimPolicy: 'Delete' },
});

it('an exchange keeps both volumes before it removes a claim, whoever has set their policies back', async () => {
  const removedWith: Record<string, unknown> = {};
  const kept = keepObjects(
    {
      [`${CLAIMS}live`]: claim('live', 'pv-live'),
      [`${CLAIMS}rehearsed`]: claim('rehearsed', 'pv-new'),
      [`${VOLUMES}pv-live`]: volume('pv-live'),
      [`${VOLUMES}pv-new`]: volume('pv-new'),
    },
    {
      onMade: (path, object, { objects }) =>
        void objects.set(`${path}/${object.metadata?.name}`, Object.assign(object, { status: { phase: 'Bound' } })),
      onRemoved: (path, { objects }) => {
        const name = path === `${CLAIMS}live` ? 'pv-live' : 'pv-new';
        const found: PersistentVolume | undefined = objects.get(`${VOLUMES}${name}`);
        removedWith[name] = found?.spec?.persistentVolumeReclaimPolicy;
      },
    },
  );
  await using server = await startScriptedServer(kept.answer, { attemptIdleMs: 2000, callMs: 5000 });
  await exchangeClaim(server.api, {
    claim: 'live',
    labels: {},
    incoming: { volume: 'pv-new', fromClaim: 'rehearsed' },
    outgoing: { volume: 'pv-live', toClaim: 'kept', labels: {}, annotations: {} },
  });
  expect(removedWith).toEqual({ 'pv-live': 'Retain', 'pv-new': 'Retain' });
});
