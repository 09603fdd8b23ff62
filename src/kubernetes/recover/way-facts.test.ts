import { expect, it } from 'vitest';

import { REQUIRED } from '../../../tests/support/plan-facts.ts';
import { startScriptedServer } from '../api/testing/api-server.ts';
import type { PersistentVolumeClaim } from '../api/kubernetes-objects.ts';
import { live, namespacePlan } from '../carry/testing/namespace-plan.ts';
import { rehearsalObjects } from '../rehearse/rehearsal-objects.ts';
import { volumePlan } from '../rehearse/testing/volume-plan.ts';
import { clusterIn, noConfigurationFiles, type LookedAtLive } from './look-at-live.ts';
import type { Subject } from './subject.ts';
import { swapContext } from './testing/swap-context.ts';
import { claimBytesFor, wayFacts } from './way-facts.ts';

const MIB = 1024n * 1024n;

const claim: PersistentVolumeClaim = {
  metadata: { name: 'storage-volume-shop-0' },
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
  status: { capacity: { storage: '2Gi' } },
};

const subject: Subject = {
  statefulSet: {
    metadata: { name: 'shop' },
    spec: {
      serviceName: 'shop',
      selector: {},
      template: {},
      volumeClaimTemplates: [
        { metadata: { name: 'storage-volume' }, spec: { resources: { requests: { storage: '1Gi' } } } },
      ],
    },
  },
  pods: [],
  claimTemplate: 'storage-volume',
  memberCount: 1,
  leftOver: [],
  live: { ...live, claim },
  archive: 'container',
  walkback: { kind: 'inImage' },
  clone: { container: 'patroni', scope: 'shop', prefixVariables: [], cloneVariable: '', copied: [], claimBytes: 1n },
  patroni: null,
  superuser: 'postgres',
  roles: [],
  rolesSetAgain: [],
};

it('tries in the plan the very claims that are made later: a rehearsal has room for what is restored, a clone what the template says', async () => {
  const tried: unknown[] = [];
  await using server = await startScriptedServer(
    ({ method, path, body }) => {
      if (method !== 'POST' || !path.includes('persistentvolumeclaims')) return { status: { allowed: true } };
      tried.push(body);
      return body;
    },
    { attemptIdleMs: 2000, callMs: 5000 },
  );
  const { uses } = await swapContext(server.api, namespacePlan);
  const first: LookedAtLive = {
    pod: 'shop-0',
    cluster: {
      control: { systemIdentifier: 1n, majorVersion: 17, timeline: 1, walLevel: 'replica', required: REQUIRED },
      cluster: clusterIn('shop', subject, 'running'),
      connect: undefined,
      configurationFiles: noConfigurationFiles,
    },
    freeBytes: async () => 0n,
  };
  const neededBytes = 4096n * MIB;
  const rights = { patroni: null, workloads: [] };
  await wayFacts(uses, subject, { id: '7f3a', live: first, neededBytes, tablespaces: 0, rights });
  const leastBytes = claimBytesFor(neededBytes);
  const made = rehearsalObjects({
    plan: volumePlan,
    live: subject.live,
    place: { kind: 'newClaim', leastBytes },
    walkback: subject.walkback,
    archive: 'container',
    listens: false,
  });
  expect(made.claim?.spec?.resources?.requests).toEqual({ storage: '5120Mi' });
  expect(tried).toMatchObject([
    { metadata: { name: 'walkback-7f3a' }, spec: made.claim?.spec },
    { spec: { resources: { requests: { storage: '1Gi' } } } },
  ]);
});
