/**
 * How many bytes are in a directory. Links are not followed: what they lead to is somewhere else.
 *
 * @module
 */

import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** 0 for what is not there, or has gone while it was looked at. */
export async function directorySize(path: string): Promise<bigint> {
  const entry = await lstat(path, { bigint: true }).catch(() => undefined);
  if (entry === undefined) return 0n;
  if (!entry.isDirectory()) return entry.size;
  let sum = 0n;
  for (const name of await readdir(path).catch(() => [])) sum += await directorySize(join(path, name));
  return sum;
}
