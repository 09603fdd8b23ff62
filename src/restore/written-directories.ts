/**
 * The directories that a restore has written into: each has to be synced, or its files may be without a name after the
 * machine has died.
 *
 * Parts need not say which directories they hold, and of a restore that leaves things out most of these are not taken: so
 * they are told by the files.
 *
 * @module
 */

import type { UnpackedObject } from './restore-messages.ts';

/** The directories above a name, the nearest first: `base/5` and `base` of `base/5/1259`. */
function above(name: string): string[] {
  const parts = name.split('/').slice(0, -1);
  return parts.map((_part, index) => parts.slice(0, parts.length - index).join('/'));
}

/** Normalized names; the data directory itself, which has none, is left out. */
export function writtenDirectories(unpacked: readonly UnpackedObject[]): ReadonlySet<string> {
  const names = new Set<string>();
  for (const { files, increments, directories } of unpacked) {
    for (const [name] of files) for (const one of above(name)) names.add(one);
    for (const { name } of increments) for (const one of above(name)) names.add(one);
    for (const [name] of directories) for (const one of [name, ...above(name)]) names.add(one);
  }
  names.delete('');
  return names;
}
