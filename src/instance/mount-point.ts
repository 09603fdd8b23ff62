/**
 * Whether a directory is a mount point: it cannot be renamed then.
 *
 * Another device than its parent's tells it, except for a bind mount within one file system; those Linux lists in
 * `/proc/self/mountinfo` (proc_pid_mountinfo(5): the fifth field, blanks and backslashes as octal escapes).
 *
 * @module
 */

import { readFile, realpath, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

const MOUNT_POINT_FIELD = 4;

/** The mount points in the text of a `mountinfo`. */
export function mountPointsIn(mountInfo: string): readonly string[] {
  return mountInfo.split('\n').flatMap((line) => {
    const field = line.split(' ')[MOUNT_POINT_FIELD];
    if (field === undefined) return [];
    return [field.replaceAll(/\\([0-7]{3})/g, (_, digits: string) => String.fromCodePoint(Number.parseInt(digits, 8)))];
  });
}

/** True if `directory` is one. */
export async function isMountPoint(directory: string): Promise<boolean> {
  const [own, parent] = await Promise.all([stat(directory), stat(dirname(directory))]);
  if (own.dev !== parent.dev) return true;
  const mountInfo = await readFile('/proc/self/mountinfo', 'utf8').catch(() => '');
  return mountPointsIn(mountInfo).includes(await realpath(directory));
}
