/**
 * What a recovery means for the members of a cluster that Patroni runs, by name: pure.
 *
 * @module
 */

import type { PatroniSurvey } from '../cluster/patroni-control.ts';
import { cutoverProblem } from './patroni-problems.ts';
import type { PlanWarning } from './plan-value.ts';

type Found = PlanWarning | undefined;

function others({ members, memberName }: PatroniSurvey) {
  return members.filter(({ name }) => name !== memberName);
}

/** Nothing in Patroni keeps readers from a replica that is running, but a tag in a file on its own host: the container sets it. */
function stillServing(survey: PatroniSurvey): Found {
  const names = others(survey).filter(({ isReachable }) => isReachable);
  if (names.length === 0) return undefined;
  return {
    about: 'replicas',
    text: "Patroni is paused from the cutover on until each of these follows the recovered leader; there is no failover meanwhile. Until its turn each goes on serving today's rows. Members in walkback's own container keep readers away by themselves: their /readiness, and /replica and /read-only of Patroni, answer 503. Keep readers away from all others.",
    names: names.map(({ name, address }) => (address === null ? name : `${name} at ${address}`)),
  };
}

/** A member that is away keeps the history that is left, and Patroni may take it in again as it is. */
function away(survey: PatroniSurvey): Found {
  const names = others(survey).filter(({ isReachable }) => !isReachable);
  if (names.length === 0) return undefined;
  return {
    about: 'members',
    text: 'These members do not answer, and are not waited for. Before Patroni is started there again, move its data directory away; if it has been started, copy it anew at once (patronictl reinit).',
    names: names.map(({ name }) => name),
  };
}

function waitingCommits({ synchronousMode, synchronousStandbys }: PatroniSurvey): Found {
  if (synchronousMode === 'off') return undefined;
  const text = synchronousMode.includes('strict')
    ? 'Synchronous mode is strict: after the cutover commits wait until the first replica follows the recovered leader.'
    : 'Synchronous mode: until a replica follows the recovered leader, a commit is on one host alone.';
  return { about: 'synchronous', text, names: synchronousStandbys };
}

function notNow(survey: PatroniSurvey): Found {
  const problem = cutoverProblem(survey);
  if (problem === undefined) return undefined;
  const text = `The target can be rehearsed here, and not cut over to as things are: ${problem.message}.`;
  return { about: 'members', text, names: problem.remedy.split('\n') };
}

function slots({ permanentSlots }: PatroniSurvey): Found {
  if (permanentSlots.length === 0) return undefined;
  return {
    about: 'logicalSlots',
    text: 'Patroni makes these slots again on the recovered leader, empty: logical ones begin where it stands, and their consumers must be taken back too.',
    names: permanentSlots,
  };
}

/** All of them, in the order they matter. */
export function patroniWarnings(survey: PatroniSurvey): PlanWarning[] {
  const all = [notNow(survey), stillServing(survey), away(survey), waitingCommits(survey), slots(survey)];
  return all.filter((warning) => warning !== undefined);
}
