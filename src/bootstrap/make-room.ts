/**
 * What an earlier attempt has left, where the next one begins anew: it goes, to make room.
 *
 * Not all of it, once its data have been in place. A server may have run on them since, and they may have been moved away and not
 * deleted: their tablespaces are still those that were restored, and the data from before an upgrade are the way back.
 *
 * @module
 */

import { rm } from 'node:fs/promises';

import { allocatedBytes } from '../instance/allocated-bytes.ts';
import { isThere, renameDurably } from '../instance/durable-rename.ts';
import { stopPrivateServer } from '../instance/private-server.ts';
import { restoredFolders } from './build-steps.ts';
import { beforeUpgrade } from './clone-context.ts';
import type { ClonePlan } from './clone-plan-value.ts';
import { attemptEntries, hasStepBegun, type BootstrapEntry } from './journal.ts';
import { endLeftRunning } from './left-running.ts';
import { hasData, type BootstrapPlace } from './place.ts';

/** An attempt that is not gone on with. */
export interface LeftAttempt {
  readonly plan: ClonePlan;
  /** Its data have been in the data directory, where a server may have run on them. */
  readonly hasLived: boolean;
}

/** Whether the last attempt has lived. What was moved back to the folder has not: nobody has taken it over. */
export async function hasLived(place: BootstrapPlace, entries: readonly BootstrapEntry[]): Promise<boolean> {
  if (attemptEntries(entries).some(({ event }) => event === 'initialized')) return true;
  return hasStepBegun(entries, 'putInPlace') && !(await hasData(place));
}

/** The folders that are removed before the next attempt begins. */
function foldersThatGo(place: BootstrapPlace, { plan, hasLived: isKept }: LeftAttempt): string[] {
  const restored = restoredFolders(place, plan.id);
  return isKept
    ? restored.filter((path) => path !== place.tablespacesOf(plan.id))
    : [...restored, beforeUpgrade(place, plan)];
}

/** How much room that makes. */
export async function bytesThatGo(place: BootstrapPlace, left: LeftAttempt | undefined): Promise<bigint> {
  return left === undefined ? 0n : allocatedBytes(foldersThatGo(place, left));
}

/** Data from before an upgrade get a name of their own: the next attempt may have such data too. */
async function keptOf(place: BootstrapPlace, plan: ClonePlan): Promise<string[]> {
  const recovered = beforeUpgrade(place, plan);
  const renamed = `${recovered}-${plan.id}`;
  if (await isThere(recovered)) await renameDurably(recovered, renamed);
  const kept: string[] = [];
  for (const path of [place.tablespacesOf(plan.id), renamed]) if (await isThere(path)) kept.push(path);
  return kept;
}

/** Removes what goes, and tells of what stays. */
export async function makeRoom(place: BootstrapPlace, left: LeftAttempt, note: (line: string) => void): Promise<void> {
  await endLeftRunning(left.hasLived ? [place.data] : [place.data, beforeUpgrade(place, left.plan)]);
  await stopPrivateServer(place.data, 'immediate');
  for (const path of foldersThatGo(place, left)) await rm(path, { recursive: true, force: true });
  const kept = left.hasLived ? await keptOf(place, left.plan) : [];
  if (kept.length === 0) return;
  note(
    `kept, as the cluster that was made before may still need it: ${kept.join(', ')}; remove it once that cluster is not needed`,
  );
}
