/**
 * Claims that the namespace does not admit, until somebody who may has changed that.
 *
 * @module
 */

import type { PersistentVolumeClaim } from '../../../src/kubernetes/api/kubernetes-objects.ts';
import { claimRef } from '../../../src/kubernetes/recover/exchange-claim.ts';
import type { FaultKind, Met } from './active-fault.ts';
import { kubectl } from './hands.ts';

/** Something by this name refuses until it is removed. */
function refusing(kind: 'ResourceQuota' | 'LimitRange', specOf: (met: Met) => Promise<object>): FaultKind {
  return {
    begin: async (met) => {
      const object = { apiVersion: 'v1', kind, metadata: { name: 'refuses' }, spec: await specOf(met) };
      await kubectl(met, ['apply', '--server-side', '--filename', '-'], JSON.stringify(object));
      return { mend: async () => void (await kubectl(met, ['delete', kind, 'refuses', '--ignore-not-found'])) };
    },
  };
}

async function classOfCluster({ scene: { database } }: Met): Promise<string> {
  const claim = await database.api.get<PersistentVolumeClaim>(claimRef(`storage-volume-${database.name}-0`));
  return claim?.spec?.storageClassName ?? '';
}

/** Nothing more may be asked of the class that the cluster's volumes are of. */
export const CLASS_REFUSES = refusing('ResourceQuota', async (met) => ({
  hard: { [`${await classOfCluster(met)}.storageclass.storage.k8s.io/persistentvolumeclaims`]: '0' },
}));

/** A claim may ask for less than any rehearsal needs. */
export const LIMIT_REFUSES = refusing('LimitRange', async () => ({
  limits: [{ type: 'PersistentVolumeClaim', max: { storage: '1Mi' } }],
}));
