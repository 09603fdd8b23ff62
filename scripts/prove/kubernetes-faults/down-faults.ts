/**
 * Faults that come while the cluster is down, or have it go down in an unclean way.
 *
 * @module
 */

import type { ApiSight } from '../../../tests/support/kubernetes/api-proxy.ts';
import { fieldOf } from '../../../src/base/unknown-value.ts';
import { forSomeTime, type FaultKind, type Met } from './active-fault.ts';
import { deleteVolumePod, first, killServer, kubectl, PID_FILE } from './hands.ts';

/** Ends with its pod at the latest. */
const CRASH_LOOP = `for i in $(seq 1 900); do kill -9 "$(head -n 1 ${PID_FILE} 2>/dev/null)" 2>/dev/null; sleep 0.1; done`;

/**
 * The server is killed before it is stopped, and whenever it is started again: its WAL is then pushed by a short Job, whatever the
 * archiver has done.
 */
async function crash(met: Met): Promise<void> {
  await killServer(met, first(met));
  kubectl(met, ['exec', first(met), '--', 'sh', '-c', CRASH_LOOP]).catch(() => {});
}

/** The Job makes another pod. */
export const REST_POD_DELETED: FaultKind = {
  begin: async (met) => {
    await crash(met);
    const over = new AbortController();
    const deleted = deleteVolumePod(met, over.signal);
    deleted.catch(() => {});
    return {
      mend: async () => {
        over.abort();
        if (!(await deleted)) throw new Error('there was no pod at the volume');
      },
    };
  },
};

/** Its pod is being made, or is at work. */
const AT_WORK_MS = 1500;

function isRestJob({ method, path, body }: ApiSight): boolean {
  if (method !== 'POST' || !/\/jobs(?:\?|$)/.test(path)) return false;
  return String(fieldOf(fieldOf(body, 'metadata'), 'name')).endsWith('-rest');
}

/** Whoever goes on finds the Job, at work or over. */
export const KILLED_IN_REST: FaultKind = {
  begin: async (met) => {
    await crash(met);
    let isKilled = false;
    return {
      watcher: {
        before: () => (isKilled ? { kind: 'reset' } : undefined),
        after: (sight) => {
          if (isRestJob(sight))
            setTimeout(() => {
              isKilled = true;
              met.kill();
            }, AT_WORK_MS);
          return undefined;
        },
      },
      mend: async () => {
        if (!isKilled) throw new Error('there was no Job that pushes');
      },
    };
  },
};

const NONE = 'walkback.local/none:1';

async function imageOf(met: Met): Promise<string> {
  const path = 'jsonpath={.spec.template.spec.containers[0].image}';
  return kubectl(met, ['get', `statefulset/${met.scene.database.name}`, '--output', path]);
}

async function setImage(met: Met, image: string): Promise<void> {
  await kubectl(met, ['set', 'image', `statefulset/${met.scene.database.name}`, `patroni=${image}`]);
}

/** A pod that has never started is not made anew by its controller: https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#forced-rollback */
async function putImageBack(met: Met, image: string): Promise<void> {
  await setImage(met, image);
  const started = await kubectl(met, [
    'get',
    'pod',
    first(met),
    '--ignore-not-found',
    '--output',
    'jsonpath={..image}',
  ]);
  if (started.includes(NONE)) await kubectl(met, ['delete', 'pod', first(met), '--grace-period=1']);
}

/** The registry has it no more, and the node neither; for so long, or until the run has ended. */
export function noImage(ms?: number): FaultKind {
  return {
    begin: async (met) => {
      const image = await imageOf(met);
      await setImage(met, NONE);
      const end = async (): Promise<void> => putImageBack(met, image);
      return { mend: ms === undefined ? end : forSomeTime(ms, end) };
    },
  };
}
