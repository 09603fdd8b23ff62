/**
 * How much room folders take.
 *
 * @module
 */

import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** Source: POSIX `sys/stat.h`, as Linux has it: `st_blocks` counts these, whatever the file system's own size of a block. */
const BLOCK_BYTES = 512n;

/**
 * The bytes that become free when all of the folders are removed; of a file with several names in them once. Symbolic links
 * are not followed; what is absent, or goes meanwhile, takes nothing.
 */
export async function allocatedBytes(paths: readonly string[]): Promise<bigint> {
  const seen = new Set<bigint>();
  let bytes = 0n;
  for (const path of paths) bytes += await bytesBelow(path, seen);
  return bytes;
}

async function bytesBelow(path: string, seen: Set<bigint>): Promise<bigint> {
  const entry = await lstat(path, { bigint: true }).catch(() => undefined);
  if (entry === undefined || seen.has(entry.ino)) return 0n;
  if (entry.nlink > 1n && !entry.isDirectory()) seen.add(entry.ino);
  let bytes = entry.blocks * BLOCK_BYTES;
  if (!entry.isDirectory()) return bytes;
  for (const name of await readdir(path).catch((): string[] => [])) bytes += await bytesBelow(join(path, name), seen);
  return bytes;
}
