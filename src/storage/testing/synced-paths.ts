/**
 * What a piece of work makes durable on this host, told by the system itself.
 *
 * @module
 */

import { open, readlink, type FileHandle } from 'node:fs/promises';

import { vi } from 'vitest';

/** The paths of the files and folders that are synced while `work` runs, in order. Linux only. */
export async function syncedPaths(work: () => Promise<unknown>): Promise<string[]> {
  await using probe = await open(import.meta.filename);
  const paths: string[] = [];
  const handles = Object.getPrototypeOf(probe) as FileHandle;
  // oxlint-disable-next-line typescript/unbound-method -- it is called on a handle below
  const { sync } = handles;
  const spy = vi.spyOn(handles, 'sync').mockImplementation(async function (this: FileHandle) {
    paths.push(await readlink(`/proc/self/fd/${this.fd}`));
    return sync.call(this);
  });
  try {
    await work();
  } finally {
    spy.mockRestore();
  }
  return paths;
}
