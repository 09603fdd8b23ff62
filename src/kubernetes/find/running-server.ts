/**
 * The one thing that a specification does not tell for sure: where the running server's data is.
 *
 * @module
 */

import { isFailure } from '../../base/failure.ts';
import type { KubernetesApi } from '../api/kubernetes-api.ts';
import type { Pod } from '../api/kubernetes-objects.ts';

/** What it says. */
export interface RunningServer {
  readonly pod: string;
  readonly dataDirectory: string;
  /** The text of PG_VERSION. */
  readonly version: string;
}

/**
 * A postmaster's working directory is its data directory. Of several processes of PostgreSQL, each says the same.
 * Nothing but `sh`, `readlink` and `cat` is used: any image has them.
 */
const ASK = `for process in /proc/[0-9]*; do
  case $(readlink "$process/exe" 2>/dev/null) in
    */postgres|*/postgres\\ *) data=$(readlink "$process/cwd") && [ -f "$data/PG_VERSION" ] && printf '%s\\n' "$data" && cat "$data/PG_VERSION" && exit 0 ;;
  esac
done
exit 3`;

function isRunning(pod: Pod, container: string): boolean {
  const statuses = pod.status?.containerStatuses ?? [];
  return statuses.find(({ name }) => name === container)?.state?.running !== undefined;
}

/** Asks the first pod that runs; `undefined` if none does, this user may not, or the image cannot tell. */
export async function askRunningServer(
  api: KubernetesApi,
  pods: readonly Pod[],
  container: string,
): Promise<RunningServer | undefined> {
  for (const pod of pods.filter((one) => isRunning(one, container))) {
    const name = pod.metadata?.name ?? '';
    try {
      const { exitCode, stdout } = await api.exec(name, container, ['sh', '-c', ASK]);
      const [dataDirectory = '', version = ''] = stdout.trim().split('\n');
      if (exitCode === 0 && dataDirectory.startsWith('/')) return { pod: name, dataDirectory, version };
    } catch (error) {
      if (isFailure(error, 'denied')) return undefined;
      if (!isFailure(error)) throw error;
    }
  }
  return undefined;
}
