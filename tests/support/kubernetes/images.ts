/**
 * Images for the bed's pods: nothing can be pulled there, so containerd is handed archives.
 *
 * @module
 */

import { join } from 'node:path';

import { runProgram } from '../postgres.ts';

/** Hands an archive of images to the bed's containerd. */
export async function importImage(state: string, archive: string): Promise<void> {
  const socket = join(state, 'containerd.sock');
  await runProgram('ctr', ['--address', socket, '--namespace', 'k8s.io', 'images', 'import', archive]);
}
