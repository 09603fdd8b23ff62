/**
 * The steps that only a cluster that Patroni runs has: it is held still while the data is exchanged, and its other members
 * are made to follow the exchanged data before it is let go.
 *
 * @module
 */

import { Failure } from '../base/failure.ts';
import type { PatroniControl } from '../cluster/patroni-control.ts';
import { factsOf, hasStepBegun, isStepDone, type StepFacts } from './journal.ts';
import { checkMayCutOver } from './patroni-problems.ts';
import type { RecoveryContext } from './recovery-context.ts';
import type { StepName } from './step-names.ts';

/** Patroni of this recovery's cluster. */
export function patroniOf({ uses, plan }: RecoveryContext): PatroniControl {
  if (uses.cluster.patroni !== undefined) return uses.cluster.patroni;
  throw new Failure('usage', {
    message: `cannot go on with recovery ${plan.id}: it is of a cluster that Patroni runs, and the settings name none`,
    remedy: 'Set cluster-kind to patroni, and patroni-config.',
  });
}

const listed = (names: readonly string[]): string => names.join(', ');

/** Names as a fact holds them. */
export function namesIn(fact: unknown): readonly string[] {
  return typeof fact === 'string' && fact !== '' ? fact.split(', ') : [];
}

/**
 * What there is before anything is changed: whether somebody else has paused it, above all, and who has to be rebuilt.
 *
 * @throws {Failure} `refused` if this member may not be cut over now.
 */
export async function surveyCluster(context: RecoveryContext): Promise<StepFacts> {
  const patroni = patroniOf(context);
  await patroni.untilNoSwitchover();
  const survey = await patroni.survey();
  checkMayCutOver(survey);
  const others = survey.members.filter(({ name }) => name !== survey.memberName);
  return {
    wasPaused: survey.isPaused,
    leader: survey.leader ?? '',
    others: listed(others.map(({ name }) => name)),
  };
}

/**
 * A failover between the survey and the pause would have made another member the leader: then nothing has been done yet, and
 * nothing is.
 */
export async function pauseCluster(context: RecoveryContext): Promise<StepFacts> {
  const patroni = patroniOf(context);
  const { acknowledged, unreachable } = await patroni.pause();
  checkMayCutOver(await patroni.survey());
  return { acknowledged: listed(acknowledged), unreachable: listed(unreachable) };
}

/** A paused Patroni that ends leaves PostgreSQL running, so that is stopped before. */
export async function stopPatroni(context: RecoveryContext): Promise<StepFacts> {
  await patroniOf(context).stopPatroni();
  return {};
}

/** Members compare themselves with how far the leader had got, and that was another history. */
export async function clearStatus(context: RecoveryContext): Promise<StepFacts> {
  await patroniOf(context).clearStatus();
  return {};
}

/** A cluster that somebody else had paused stays paused. */
export async function resumeUnless(context: RecoveryContext, wasPaused: boolean): Promise<StepFacts> {
  if (wasPaused) return { leftPaused: true };
  await patroniOf(context).resume();
  return { leftPaused: false };
}

function wasPausedAt({ journal }: RecoveryContext, step: StepName): boolean {
  return factsOf(journal.entries, step)?.['wasPaused'] === true;
}

/** What the cutover found; if that had not come to its survey, nothing of it has paused anything. */
export function wasPausedBeforeCutover(context: RecoveryContext): boolean {
  return wasPausedAt(context, 'survey');
}

/** A cutover that did not come to its end has left its own pause behind: then what it found counts. */
export function wasPausedBeforeUndo(context: RecoveryContext): boolean {
  const isOurPause = hasStepBegun(context.journal.entries, 'pause') && !isStepDone(context.journal.entries, 'resume');
  return wasPausedAt(context, isOurPause ? 'survey' : 'undoSurvey');
}

/**
 * Makes every other member follow the exchanged data, one after the other: the next is copied only when the one before is
 * proven, and the one that they follow leads. Members that do not answer are named, for the report; they must not come back by themselves.
 */
export async function rebuildReplicas(context: RecoveryContext, surveyed: StepName): Promise<StepFacts> {
  const { journal, plan, uses } = context;
  const patroni = patroniOf(context);
  const known = namesIn(factsOf(journal.entries, surveyed)?.['others']);
  const planned = (plan.patroni?.members ?? []).map(({ name }) => name);
  const found = new Map<string, string[]>([
    ['accepted', []],
    ['rebuilt', []],
    ['absent', []],
  ]);
  const members = await patroni.otherMembers([...known, ...planned]);
  for (const [done, member] of members.entries()) {
    uses.onProgress({ phase: 'replicas', done, total: members.length, unit: 'members', note: member });
    // One that has died since it was proven is started by nobody while the cluster is paused, and nothing can be copied from it.
    await uses.cluster.start();
    found.get(await patroni.rebuild(member))?.push(member);
  }
  const names = (outcome: string): string => listed(found.get(outcome) ?? []);
  return { accepted: names('accepted'), rebuilt: names('rebuilt'), absent: names('absent') };
}
