/**
 * What the end of a pod leaves on a volume, put right before PostgreSQL looks at it.
 *
 * @module
 */

import { chmod, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { isThere } from '../../instance/durable-rename.ts';
import { runningPostmaster } from '../../instance/postmaster.ts';

/**
 * - Process numbers begin anew in each container: the one in `postmaster.pid` may be a thread of ours by now, and the server
 *   would refuse to start beside it.
 * - A volume whose group is set when it is mounted (`fsGroup`) has files that the group may write, and the server refuses a
 *   data directory that others than its owner may.
 *
 * Source: `miscinit.c` (`CreateLockFile`, `checkDataDir`); Kubernetes, `pkg/volume/volume_linux.go`.
 */
export async function putRightAfterKill(dataDirectory: string): Promise<void> {
  if (!(await isThere(dataDirectory)) || (await runningPostmaster(dataDirectory)) !== undefined) return;
  await chmod(dataDirectory, 0o700);
  await rm(join(dataDirectory, 'postmaster.pid'), { force: true });
}
