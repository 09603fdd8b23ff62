/**
 * Containers of the project's image, run by podman as a platform such as OpenShift runs them: a user that was made up, no
 * rights, a root that cannot be written to.
 *
 * @module
 */

import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';

import { runProgram } from './postgres.ts';

/** Why no container can run here; `undefined` if one can. `scripts/run.mjs` names an engine (CONTAINER_HOST) where it can. */
export function whyNoContainers(): string | undefined {
  const { status, error, stderr } = spawnSync('podman', ['info'], { encoding: 'utf8' });
  if (status === 0) return undefined;
  return error === undefined ? (stderr.trim().split('\n').at(-1) ?? 'podman failed') : 'there is no podman';
}

/** Runs podman to its end; what it printed. @throws if it fails. */
export async function podman(...args: readonly string[]): Promise<string> {
  return (await runProgram('podman', args)).trimEnd();
}

/** How a container is run. */
export interface ContainerLaunch {
  readonly image: string;
  /** A number without a name in the image. Its group is 0. */
  readonly userId: number;
  readonly environment: Readonly<Record<string, string>>;
  /** What to run in place of the image's own program. */
  readonly command?: readonly string[];
}

/** A container that runs. Disposing ends it and takes its volume away. */
export interface RunningContainer extends AsyncDisposable {
  readonly name: string;
  /** Runs a program in it, as `podman exec` does; what it printed. @throws if it fails. */
  exec(...words: readonly string[]): Promise<string>;
  /** Everything it has said. */
  logs(): Promise<string>;
  isRunning(): Promise<boolean>;
}

/** The places that a container of ours may write to are memory, and the volume with the data. */
const WRITABLE = ['/run', '/tmp'].flatMap((place) => ['--tmpfs', `${place}:rw,nosuid,nodev,mode=0777,size=256m`]);

/** What OpenShift's rule "restricted" leaves of a container's rights. */
const RESTRICTED = ['--read-only', '--read-only-tmpfs=false', '--cap-drop=all', '--security-opt=no-new-privileges'];

/** Starts a container on the machine's own network. */
export async function startContainer(launch: ContainerLaunch): Promise<RunningContainer> {
  const name = `walkback-${randomUUID().slice(0, 8)}`;
  const variables = Object.entries(launch.environment).flatMap(([key, value]) => ['--env', `${key}=${value}`]);
  const line = ['run', '--detach', '--name', name, '--network=host', '--user', `${launch.userId}:0`, ...RESTRICTED];
  const volume = ['--volume', `${name}:/home/postgres/pgdata`];
  const remove = async (): Promise<void> => {
    await podman('rm', '--force', '--time', '1', '--ignore', name).catch(() => undefined);
    await podman('volume', 'rm', '--force', name).catch(() => undefined);
  };
  try {
    await podman(...line, ...WRITABLE, ...volume, ...variables, launch.image, ...(launch.command ?? []));
  } catch (error) {
    await remove();
    throw error;
  }
  return {
    name,
    exec: (...words) => podman('exec', name, ...words),
    logs: () => podman('logs', name),
    isRunning: async () => (await podman('inspect', '--format', '{{.State.Running}}', name)) === 'true',
    [Symbol.asyncDispose]: remove,
  };
}
