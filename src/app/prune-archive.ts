/**
 * Pruning by the settings: for the command, and for the agent.
 *
 * @module
 */

import type { OnProgress } from '../base/progress.ts';
import type { Settings } from '../config/load-settings.ts';
import { runPrune, type PruneReport } from '../prune/prune.ts';
import { planPrune, type PrunePlan } from '../prune/prune-plan.ts';
import type { KeepPolicy } from '../prune/keep-policy.ts';
import { archiveInUse } from './backups-in-use.ts';
import type { Archive } from './open-archive.ts';

/** How to go about it. */
export interface PruneArchiveOptions {
  readonly onProgress?: OnProgress;
  readonly signal?: AbortSignal;
}

/** What the settings say is to stay; `undefined` if they say nothing of it, and nothing is to be pruned. */
export function keepPolicy(settings: Settings): KeepPolicy | undefined {
  const [keepFull, keepWindowMs] = [settings.get('keepFull'), settings.get('keepWindow')];
  return keepFull === undefined && keepWindowMs === undefined ? undefined : { keepFull, keepWindowMs };
}

/** Plans by the settings. @throws {Failure} `usage` if they do not say what stays. */
export async function planPruneOfArchive(
  settings: Settings,
  archive: Archive,
  options: PruneArchiveOptions = {},
): Promise<PrunePlan> {
  const inUse = await archiveInUse(settings, archive);
  return planPrune(archive.store, { policy: keepPolicy(settings) ?? {}, inUse }, options);
}

/** Runs a plan, unless a recovery has come to need something of it. */
export async function runPruneOfArchive(
  settings: Settings,
  archive: Archive,
  plan: PrunePlan,
  options: PruneArchiveOptions = {},
): Promise<PruneReport> {
  return runPrune(archive.store, plan, { ...options, inUse: await archiveInUse(settings, archive) });
}

/** Plans and runs at once. `undefined` if the settings do not say what stays. */
export async function pruneArchive(
  settings: Settings,
  archive: Archive,
  options: PruneArchiveOptions = {},
): Promise<PruneReport | undefined> {
  if (keepPolicy(settings) === undefined) return undefined;
  const plan = await planPruneOfArchive(settings, archive, options);
  return runPruneOfArchive(settings, archive, plan, options);
}
