/**
 * The major of a clone where the environment names none: that of the backup that is cloned. An upgrade is what PGVERSION asks
 * for, and nothing that a newer image brings about by itself.
 *
 * @module
 */

import { listBackups } from '../backup/list.ts';
import { isFailure, type Failure } from '../base/failure.ts';
import type { Environment } from '../config/environment.ts';
import { loadSettings } from '../config/load-settings.ts';
import type { ContainerFacts } from '../container/container-facts.ts';
import type { CloneTarget, ContainerPlan, PlannedClone } from '../container/container-plan.ts';
import { planContainer, refusedContainer } from '../container/plan-container.ts';
import { revealedAll } from '../container/secret.ts';
import { mayReach } from '../history/find-moment.ts';
import type { RecoveryTarget } from '../postgres/recovery-target.ts';
import { majorOf } from '../recovery/plan-refusals.ts';
import { tooSlow } from '../storage/deadlines.ts';
import { archiveToClone } from './archive-to-clone.ts';
import type { MajorChoice } from './join-cluster.ts';

/** What the plan was made of. */
export interface PlannedFrom {
  readonly environment: Environment;
  readonly facts: ContainerFacts;
}

/** How to go about it. */
export interface SettleOptions {
  readonly note: (line: string) => void;
  readonly signal: AbortSignal;
}

/** The plan to run. `unsettled`: why the backup's major could not be told; then no clone must be made by this plan. */
export interface SettledPlan {
  readonly plan: ContainerPlan;
  readonly unsettled?: Failure;
}

/** Nothing answers the probes yet. */
const LOOK_TIMEOUT_MS = 60_000;

function targetOf({ timeUs, isInclusive }: CloneTarget): RecoveryTarget {
  return timeUs === undefined ? { kind: 'latest' } : { kind: 'time', timeUs, inclusive: isInclusive };
}

/** Of the newest backup that may lead to the target; `undefined` if there is none. */
async function majorOfClone(
  clone: Extract<PlannedClone, { kind: 'archive' }>,
  options: SettleOptions,
): Promise<number | undefined> {
  const environment = revealedAll(clone.archive.environment.variables);
  const lookIn = clone.addresses.length < 2 ? [] : clone.addresses;
  const target = targetOf(clone.target);
  const found = await archiveToClone(await loadSettings({ environment }), { lookIn, target }, options);
  await using archive = found.archive;
  const backups = await listBackups(archive.store, options.signal);
  const newest = backups
    .filter((backup) => mayReach(backup, target))
    .toSorted((a, b) => b.startedAt.getTime() - a.startedAt.getTime())[0];
  return newest === undefined ? undefined : majorOf(newest);
}

async function lookForMajor(
  clone: Extract<PlannedClone, { kind: 'archive' }>,
  { note, signal }: SettleOptions,
): Promise<number | undefined> {
  const limit = AbortSignal.timeout(LOOK_TIMEOUT_MS);
  try {
    return await majorOfClone(clone, { note, signal: AbortSignal.any([signal, limit]) });
  } catch (error) {
    if (isFailure(error) || signal.aborted || !limit.aborted) throw error;
    throw tooSlow(`list the backups of ${clone.archive.address}`, LOOK_TIMEOUT_MS, error);
  }
}

/** The plans that there could be of the same environment. */
export function majorChoice({ environment, facts }: PlannedFrom): MajorChoice {
  return {
    majors: facts.installed.map(({ major }) => major),
    planFor: (major) => {
      const planned = planContainer({ ...environment, PGVERSION: String(major) }, facts);
      if (planned.kind === 'refused') throw refusedContainer(planned.refusals);
      return planned.plan;
    },
  };
}

/**
 * Looks, where it matters: no data, a clone from an archive, and a major that nobody has named. The plan is made anew with it.
 *
 * A backup of a major that the image lacks leaves the plan as it is: the clone refuses it, and says which is missing.
 *
 * @throws {Failure} what the new plan refuses.
 */
export async function settleMajor(
  plan: ContainerPlan,
  { environment, facts }: PlannedFrom,
  options: SettleOptions,
): Promise<SettledPlan> {
  const { clone } = plan;
  if (plan.isMajorNamed || plan.hasData || clone?.kind !== 'archive') return { plan };
  let major: number | undefined;
  try {
    major = await lookForMajor(clone, options);
  } catch (error) {
    if (!isFailure(error)) throw error;
    return { plan, unsettled: error };
  }
  if (!facts.installed.some((one) => one.major === major)) return { plan };
  const settled = planContainer({ ...environment, PGVERSION: String(major) }, facts);
  if (settled.kind === 'refused') throw refusedContainer(settled.refusals);
  options.note(`PGVERSION is not set: PostgreSQL ${String(major)}, as the backup that is cloned`);
  return { plan: settled.plan };
}
