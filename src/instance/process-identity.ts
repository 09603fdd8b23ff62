/**
 * Which process a number stands for: numbers are used again, and counted anew when the machine starts.
 *
 * Where `/proc` shows each user only its own processes (`hidepid`, systemd's `ProtectProc=invisible`), nothing can be told
 * of another user's. What cannot be looked at is not gone: it counts as alive.
 *
 * @module
 */

import { readFile } from 'node:fs/promises';

import { isProcessAlive } from './postmaster.ts';

/** A process, so that it can be told from a later one of the same number. */
export interface ProcessIdentity {
  readonly pid: number;
  /** When it began, as Linux counts it; `?` elsewhere, or where it is hidden. */
  readonly start: string;
  /** Since when the machine runs; `?` where that cannot be told. */
  readonly boot: string;
}

/** What Linux says of a process, behind its name; nothing elsewhere, or if it is gone or hidden. */
async function statOf(pid: number): Promise<readonly string[]> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return text.slice(text.lastIndexOf(')') + 2).split(' ');
}

/** Process numbers and their starts are counted anew with each start of the machine. Only Linux tells. */
async function bootOf(): Promise<string> {
  return (await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '?')).trim();
}

/** The identity of a process that runs on this machine. */
export async function identityOf(pid: number): Promise<ProcessIdentity> {
  return { pid, start: (await statOf(pid))[19] ?? '?', boot: await bootOf() };
}

/** True if two starts, of a process or of the machine, are different ones: `?` on either side proves nothing. */
export function isKnownOther(then: string, now: string): boolean {
  return then !== '?' && now !== '?' && then !== now;
}

/**
 * True if that process still runs here, or may. One that was killed keeps its number until it is reaped, and does not run.
 */
export async function isSameProcessAlive({ pid, start, boot }: ProcessIdentity): Promise<boolean> {
  if (isKnownOther(boot, await bootOf()) || !Number.isSafeInteger(pid) || pid <= 0) return false;
  const stat = await statOf(pid);
  // Behind it: of one that ends here nothing can be read either.
  return isProcessAlive(pid) && !isKnownOther(start, stat[19] ?? '?') && stat[0] !== 'Z';
}
