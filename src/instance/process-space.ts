/**
 * Within what a process number is unique: one boot of one host, one container.
 *
 * A process number read from a file or an object says something only to who counts processes in the same space.
 *
 * @module
 */

import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

import { isProcessAlive } from './postmaster.ts';

/** This process's space. Outside Linux, the host's name must do. */
export function processSpace(): string {
  try {
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()} ${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return hostname();
  }
}

/** True if the process can be seen from here and is gone. */
export function isKnownDead(space: string, processId: number): boolean {
  return space === processSpace() && !isProcessAlive(processId);
}
