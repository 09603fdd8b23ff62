/**
 * A server in a container of the project's image, with a real etcd beside it: the image's own entrypoint, configured by Spilo's
 * variables, as a platform starts it.
 *
 * @module
 */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { startContainer, type RunningContainer } from './containers.ts';
import { EtcdServers } from './patroni/etcd.ts';
import { answersWell, freePort } from './programs.ts';

/** How a server is started. */
export interface ImageServerLaunch {
  readonly image: string;
  readonly major: number;
  readonly userId: number;
  /** The path of an etcd (`ensureEtcd`). */
  readonly etcd: string;
  /** Laid over the variables of a plain cluster. */
  readonly environment?: Readonly<Record<string, string>>;
  readonly readyWithinMs?: number;
}

/** A server that says it is ready. Disposing ends everything of it. */
export interface ImageServer extends AsyncDisposable {
  readonly container: RunningContainer;
  /** From `podman run` to `/readiness`. */
  readonly startedMs: number;
  readonly ports: { readonly postgres: number; readonly patroni: number; readonly health: number };
  /** Runs SQL as the superuser over the socket; the rows as psql prints them unaligned. */
  sql(text: string): Promise<string>;
}

async function untilReady(container: RunningContainer, url: string, withinMs: number): Promise<void> {
  const endMs = Date.now() + withinMs;
  while (!(await answersWell(url))) {
    if (Date.now() > endMs || !(await container.isRunning()))
      throw new Error(`the container did not become ready:\n${await container.logs()}`);
    await sleep(100);
  }
}

/** Starts it. @throws with everything the container said if it does not become ready. */
export async function startImageServer(launch: ImageServerLaunch): Promise<ImageServer> {
  const root = await mkdtemp(join(tmpdir(), 'walkback-image-'));
  await using failing = new AsyncDisposableStack();
  failing.defer(() => rm(root, { recursive: true, force: true }));
  const etcd = await EtcdServers.start('3.5', launch.etcd, join(root, 'etcd'), 1);
  failing.defer(() => etcd.kill());
  // HEALTHPORT + 1 is the agent's.
  const ports = { postgres: await freePort(), patroni: await freePort(), health: await freePort() };
  const beganMs = Date.now();
  const container = failing.use(
    await startContainer({
      image: launch.image,
      userId: launch.userId,
      environment: {
        SCOPE: 'walkback-image',
        ETCD3_HOSTS: etcd.hosts.join(','),
        PGVERSION: String(launch.major),
        PGPORT: String(ports.postgres),
        APIPORT: String(ports.patroni),
        HEALTHPORT: String(ports.health),
        PGPASSWORD_SUPERUSER: 'of the superuser',
        PGPASSWORD_STANDBY: 'of the replicas',
        ...launch.environment,
      },
    }),
  );
  await untilReady(container, `http://127.0.0.1:${ports.health}/readiness`, launch.readyWithinMs ?? 300_000);
  const startedMs = Date.now() - beganMs;
  const owned = failing.move();
  return {
    container,
    startedMs,
    ports,
    sql: (text) => container.exec('psql', '-XqtA', '-d', 'postgres', '-v', 'ON_ERROR_STOP=1', '-c', text),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
