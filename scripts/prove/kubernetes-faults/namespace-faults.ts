/**
 * Faults in the namespace: pods that go, other hands, claims, quotas, Jobs.
 *
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises';

import type { Pod } from '../../../src/kubernetes/api/kubernetes-objects.ts';
import { forSomeTime, type FaultKind, type Met } from './active-fault.ts';
import { deleteVolumePod, evict, first, killServer, kubectl, nothing, once } from './hands.ts';

async function rehearsalPod({ scene, watch }: Met): Promise<string> {
  const labels = `job-name=walkback-${watch.id}`;
  for (let tries = 0; tries < 120; tries += 1) {
    const pods = await scene.database.api.list<Pod>({ apiVersion: 'v1', kind: 'Pod' }, { labels });
    const name = pods.find(({ status }) => status?.phase === 'Running')?.metadata?.name;
    if (name !== undefined) return name;
    await sleep(250);
  }
  throw new Error('the rehearsal has no pod that runs');
}

/** Deleted as a person does it, or as a drained node. */
export const LIVE_POD_DELETED = once(async (met) =>
  kubectl(met, ['delete', 'pod', first(met), '--wait=false', '--grace-period=1']),
);
/** As the kernel does it that is out of memory. */
export const LIVE_SERVER_KILLED = once(async (met) => killServer(met, first(met)));
/** The live pod, by the API that drains nodes. */
export const LIVE_POD_EVICTED = once(async (met) => evict(met, first(met)));
/** The Job makes another. */
export const REHEARSAL_DELETED = once(async (met) =>
  kubectl(met, ['delete', 'pod', await rehearsalPod(met), '--wait=false', '--grace-period=1']),
);
/** By the API that drains nodes. */
export const REHEARSAL_EVICTED = once(async (met) => evict(met, await rehearsalPod(met)));
/** Everything in the container, but for its first process, which then ends. */
export const REHEARSAL_OUT_OF_MEMORY = once(async (met) =>
  kubectl(met, ['exec', await rehearsalPod(met), '--', 'sh', '-c', 'kill -9 -1']),
);

/** While the cluster is down and its data are renamed, or opened; the Job makes another. */
export const VOLUME_POD_DELETED: FaultKind = {
  begin: async (met) => {
    const over = new AbortController();
    const deleted = deleteVolumePod(met, over.signal);
    return {
      mend: async () => {
        over.abort();
        if (!(await deleted)) throw new Error('there was no pod at the volume');
      },
    };
  },
};

async function scale(met: Met, replicas: number): Promise<unknown> {
  return kubectl(met, ['scale', `statefulset/${met.scene.database.name}`, `--replicas=${replicas}`]);
}

/** What a refusal says of a member that is in no plan: it is taken out again. A StatefulSet that is just made anew has neither. */
async function takeOutSecond(met: Met): Promise<void> {
  await scale(met, 1).catch(() => {});
  const claim = `storage-volume-${met.scene.database.name}-1`;
  await kubectl(met, ['delete', 'persistentvolumeclaim', claim, '--ignore-not-found']);
}

/** An autoscaler, GitOps, a colleague. */
export const SCALED_UP: FaultKind = {
  begin: async (met) => {
    await scale(met, 2);
    return { mend: async () => takeOutSecond(met) };
  },
};
/** Who has done it takes it back. */
export const SCALED_DOWN: FaultKind = {
  begin: async (met) => {
    await scale(met, 0);
    return { mend: async () => void (await scale(met, 1)) };
  },
};

async function setFinalizers(met: Met, finalizers: readonly string[] | null): Promise<void> {
  const names = (await kubectl(met, ['get', 'persistentvolumeclaims', '--output', 'name'])).split('\n').filter(Boolean);
  for (const name of names) {
    const found: { metadata?: { finalizers?: string[] } } = JSON.parse(
      await kubectl(met, ['get', name, '--output', 'json']),
    );
    const others = (found.metadata?.finalizers ?? []).filter((one) => one !== STUCK);
    const patch = JSON.stringify({ metadata: { finalizers: [...others, ...(finalizers ?? [])] } });
    await kubectl(met, ['patch', name, '--type', 'merge', '--patch', patch]).catch(() => '');
  }
}

const STUCK = 'walkback.test/stuck';

/** Something holds every claim. */
export const CLAIM_STUCK: FaultKind = {
  begin: async (met) => {
    await setFinalizers(met, [STUCK]);
    return { mend: async () => setFinalizers(met, null) };
  },
};

/** A quota that is full, for so long or until the run has ended. */
export function quota(hard: Readonly<Record<string, string>>, ms: number): FaultKind {
  return {
    begin: async (met) => {
      const object = { apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'full' }, spec: { hard } };
      await kubectl(met, ['apply', '--server-side', '--filename', '-'], JSON.stringify(object));
      const end = async (): Promise<void> =>
        void (await kubectl(met, ['delete', 'resourcequota', 'full', '--ignore-not-found']));
      return { mend: forSomeTime(ms, end) };
    },
  };
}

/** The plan names an image that no registry has. */
export const NO_IMAGE: FaultKind = {
  planned: ['--walkback-image', 'walkback.local/none:1'],
  endsInUndo: true,
  begin: async () => ({ mend: nothing }),
};

/** As for a Job that took longer than it was allowed to. */
export const DEADLINE = once(async (met) => {
  await rehearsalPod(met);
  const patch = JSON.stringify({ spec: { activeDeadlineSeconds: 1 } });
  return kubectl(met, ['patch', 'job', `walkback-${met.watch.id}`, '--type', 'merge', '--patch', patch]);
});

/**
 * The template changes, and as many replicas are wanted as the chart says. A member that comes by it before the cutover is in no plan.
 */
export const UPGRADED: FaultKind = {
  begin: async (met) => {
    const template = { metadata: { annotations: { 'walkback.test/upgrade': String(Date.now()) } } };
    const patch = JSON.stringify({ spec: { replicas: 2, template } });
    const { name } = met.scene.database;
    await kubectl(met, ['patch', `statefulset/${name}`, '--type', 'merge', '--patch', patch]).catch(() => {});
    return { mend: async () => takeOutSecond(met) };
  },
};
