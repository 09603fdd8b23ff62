/**
 * A process by more than its number, which others get again.
 *
 * @module
 */

import { readFile } from 'node:fs/promises';

import { processSpace } from '../instance/process-space.ts';

/** A process of this host or container, as a file can name it. */
export interface ProcessIdentity {
  readonly processId: number;
  /** When it began, in the kernel's clock ticks since boot; empty where the system does not tell. */
  readonly startTicks: string;
  /** Within what the number is unique. */
  readonly space: string;
}

/** `undefined` if it has ended, or is a zombie that nobody has reaped yet. */
async function startTicksOf(processId: number): Promise<string | undefined> {
  const text = await readFile(`/proc/${processId}/stat`, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  // The name, in parentheses, may hold anything; what follows it does not (proc(5): state is field 3, starttime 22).
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
}

/** Identifies a process that runs now. */
export async function identityOf(processId: number): Promise<ProcessIdentity> {
  return { processId, startTicks: (await startTicksOf(processId)) ?? '', space: processSpace() };
}

/** True if that very process still runs; false for one of another host or container, which cannot be seen from here. */
export async function isRunning(identity: ProcessIdentity): Promise<boolean> {
  if (identity.space !== processSpace()) return false;
  const ticks = await startTicksOf(identity.processId);
  return ticks !== undefined && ticks === identity.startTicks;
}
