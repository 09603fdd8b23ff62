/**
 * Makes parts of the bed go away and come back. Nothing here needs more than the right to send signals: what is started again is
 * started by the bed's own keeper (`keep.sh`), which leaves a component alone while the folder `held` has a file of its name, with the number of a process that runs.
 *
 * Faults are felt by every test in the bed. What cuts off one tool only is a proxy of the test's own (`fault-proxy.ts`): the API
 * server's certificate is good for 127.0.0.1.
 *
 * @module
 */

import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { until } from '../archived-cluster.ts';
import type { Bed } from './bed.ts';

/** A part of the bed that has a process of its own. */
export type Component =
  | 'apiserver'
  | 'controllers'
  | 'coredns'
  | 'containerd'
  | 'etcd'
  | 'kubelet'
  | 'provisioner'
  | 'proxy'
  | 'scheduler';

async function processOf(bed: Bed, component: Component): Promise<number> {
  const pid = Number(await readFile(join(bed.state, 'pids', component), 'utf8'));
  if (!Number.isInteger(pid) || pid < 2) throw new Error(`the bed has no process of ${component}`);
  return pid;
}

async function isRunning(pid: number): Promise<boolean> {
  const status = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return status !== '' && !/^.*\) Z/.test(status);
}

/** Waits until the API server answers again that it is ready. */
async function apiServerReady(bed: Bed): Promise<void> {
  await until('the API server is ready', () =>
    bed.kubectl(['get', '--raw', '/readyz', '--request-timeout=2s']).then(
      () => true,
      () => false,
    ),
  );
}

/** Kills a component. It stays away until what this returns is disposed, and that waits until it runs again. */
export async function killComponent(bed: Bed, component: Component): Promise<AsyncDisposable> {
  const held = join(bed.state, 'held', component);
  const pid = await processOf(bed, component);
  await writeFile(held, String(process.pid));
  process.kill(pid, 'SIGKILL');
  await until(`${component} is gone`, async () => !(await isRunning(pid)));
  return {
    [Symbol.asyncDispose]: async () => {
      await rm(held, { force: true });
      await until(`${component} runs again`, async () => {
        // Its keeper empties the file before it writes it.
        const now = await processOf(bed, component).catch(() => pid);
        return now !== pid && (await isRunning(now));
      });
      if (component === 'apiserver' || component === 'etcd') await apiServerReady(bed);
    },
  };
}

/** Stops a component where it stands (SIGSTOP), until what this returns is disposed: whoever asks it gets no answer. */
export async function freezeComponent(bed: Bed, component: Component): Promise<AsyncDisposable> {
  const pid = await processOf(bed, component);
  process.kill(pid, 'SIGSTOP');
  return {
    [Symbol.asyncDispose]: async () => {
      process.kill(pid, 'SIGCONT');
      if (component === 'apiserver' || component === 'etcd') await apiServerReady(bed);
    },
  };
}
