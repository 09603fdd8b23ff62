/**
 * Where a program is that something is measured beside.
 *
 * @module
 */

import { spawnSync } from 'node:child_process';

/** The path of a program: what the environment's `variable` says, or what is on the PATH; `undefined` if neither. */
export function findProgram(program: string, variable: string): string | undefined {
  const told = process.env[variable];
  if (told !== undefined) return told;
  const found = spawnSync('sh', ['-c', `command -v ${program}`], { encoding: 'utf8' });
  return found.status === 0 ? found.stdout.trim() : undefined;
}
