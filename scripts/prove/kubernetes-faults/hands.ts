/**
 * What other hands do in the namespace: deletions, evictions, kills.
 *
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises';

import type { Pod } from '../../../src/kubernetes/api/kubernetes-objects.ts';
import { podLabels } from '../../../src/kubernetes/rehearse/rehearsal-names.ts';
import type { FaultKind, Met } from './active-fault.ts';

/** The recovery that hands meet, without the walkback that works on it. */
export type MetWork = Pick<Met, 'scene' | 'watch'>;

/** There is nothing to put right. */
export const nothing = async (): Promise<void> => {};

/** kubectl in the namespace. */
export async function kubectl({ scene }: Pick<Met, 'scene'>, args: readonly string[], input?: string): Promise<string> {
  return scene.database.namespace.kubectl(args, input);
}

/** What another hand does once; nothing of it has to be put right. What it cannot do (the pod is gone already) is not done. */
export function once(act: (met: Met) => Promise<unknown>): FaultKind {
  return {
    begin: async (met) => {
      await act(met).catch(() => {});
      return { mend: nothing };
    },
  };
}

/** The pod that leads before a recovery and after it. */
export const first = ({ scene }: Pick<Met, 'scene'>): string => `${scene.database.name}-0`;

/** By the API that drains nodes. */
export async function evict(met: Pick<Met, 'scene'>, pod: string): Promise<void> {
  const namespace = met.scene.database.namespace.name;
  const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: pod, namespace } };
  const path = `/api/v1/namespaces/${namespace}/pods/${pod}/eviction`;
  await kubectl(met, ['create', '--raw', path, '--filename', '-'], JSON.stringify(eviction));
}

/** Of the live server, in its pod. */
export const PID_FILE = '/home/postgres/pgdata/pgroot/data/postmaster.pid';

/** As the kernel does it that is out of memory. */
export async function killServer(met: Pick<Met, 'scene'>, pod: string): Promise<void> {
  await kubectl(met, ['exec', pod, '--', 'sh', '-c', `kill -9 $(head -n 1 ${PID_FILE})`]);
}

/** Deletes the first pod of work on a volume that there is, whenever that is. @returns whether there was one. */
export async function deleteVolumePod(met: MetWork, signal: AbortSignal): Promise<boolean> {
  const labels = Object.entries(podLabels(met.watch.id, 'volume'))
    .map(([name, value]) => `${name}=${value}`)
    .join(',');
  while (!signal.aborted) {
    const pods = await met.scene.database.api.list<Pod>({ apiVersion: 'v1', kind: 'Pod' }, { labels }).catch(() => []);
    const name = pods.find(({ status }) => status?.phase === 'Running' || status?.phase === 'Pending')?.metadata?.name;
    if (name !== undefined) {
      await kubectl(met, ['delete', 'pod', name, '--wait=false', '--grace-period=1']);
      return true;
    }
    await sleep(100);
  }
  return false;
}
