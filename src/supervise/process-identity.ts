/**
 * A process by more than its number, which others get again.
 *
 * @module
 */

import { readFile } from 'node:fs/promises';

import { isProcessAlive } from '../instance/postmaster.ts';
import { processSpace } from '../instance/process-space.ts';

/** A process of this host or container, as a file can name it. */
export interface ProcessIdentity {
  readonly processId: number;
  /** When it began, in the kernel's clock ticks since boot; empty where the system does not tell. */
  readonly startTicks: string;
  /** Within what the number is unique. */
  readonly space: string;
}

/** What the kernel says of a process, from its state on; `undefined` if it has ended, or is another user's and hidden. */
async function statOf(processId: number): Promise<readonly string[] | undefined> {
  const text = await readFile(`/proc/${processId}/stat`, 'utf8').catch(() => undefined);
  // The name, in parentheses, may hold anything; what follows it does not (proc(5): state is field 3, starttime 22).
  return text?.slice(text.lastIndexOf(')') + 2).split(' ');
}

/** Identifies a process that runs now. */
export async function identityOf(processId: number): Promise<ProcessIdentity> {
  return { processId, startTicks: (await statOf(processId))?.[19] ?? '', space: processSpace() };
}

/**
 * True if that very process still runs, or may: what is hidden is not gone. False for a zombie that nobody has reaped yet, for
 * one of another host or container, which cannot be seen from here, and for one that had ended before it was looked at.
 */
export async function isRunning({ processId, startTicks, space }: ProcessIdentity): Promise<boolean> {
  if (space !== processSpace() || startTicks === '') return false;
  const stat = await statOf(processId);
  if (stat === undefined) return isProcessAlive(processId);
  return stat[0] !== 'Z' && stat[0] !== 'X' && stat[19] === startTicks;
}
