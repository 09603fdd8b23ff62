/**
 * Why a cluster that Patroni runs is not cut over now: pure.
 *
 * @module
 */

import { Failure } from '../base/failure.ts';
import type { PlaceProblem } from '../cluster/cluster.ts';
import { canCloneFromLeader, isCloneSource } from '../cluster/clone-sources.ts';
import type { PatroniSurvey } from '../cluster/patroni-control.ts';

/** The leader's host is where the data is that is exchanged. */
function otherLeader({ leader, members, memberName }: PatroniSurvey): PlaceProblem | undefined {
  if (leader === null || leader === memberName) return undefined;
  const address = members.find(({ name }) => name === leader)?.address;
  const where = address === undefined || address === null ? '' : ` (${address})`;
  return {
    message: `${leader}${where} is the leader, and this is ${memberName}`,
    remedy: `Plan and run the recovery on the host of ${leader}, or make this member the leader first:  patronictl switchover`,
  };
}

function standbyCluster({ isStandbyCluster, scope }: PatroniSurvey): PlaceProblem | undefined {
  if (!isStandbyCluster) return undefined;
  return {
    message: `${scope} is a standby cluster: its leader follows another cluster, and would fetch again what a recovery takes away`,
    remedy:
      'Recover the cluster that it follows; or make it one of its own first (remove standby_cluster with "patronictl edit-config"), then plan again.',
  };
}

function switchover({ switchover: asked, scope }: PatroniSurvey): PlaceProblem | undefined {
  if (asked === null) return undefined;
  const when = asked.scheduledAt === null ? 'is under way' : `is scheduled for ${asked.scheduledAt}`;
  return {
    message: `a switchover${asked.candidate === null ? '' : ` to ${asked.candidate}`} ${when}`,
    remedy: `Let it come to its end, or cancel it:  patronictl flush ${scope} switchover`,
  };
}

/** Before Patroni 4.1 nobody can say that a member is to be copied from the leader and not from one with this tag. */
function severalCloneSources({ members, memberName, version }: PatroniSurvey): PlaceProblem | undefined {
  const sources = members.filter((member) => member.name !== memberName && isCloneSource(member));
  if (canCloneFromLeader(version) || sources.length < 2) return undefined;
  return {
    message: `${sources.map(({ name }) => name).join(' and ')} have the tag clonefrom: each would be copied from the other, with the data from before`,
    remedy:
      'Take the tag from all of them but one in their patroni.yml, reload ("patronictl reload"), and run this again.',
  };
}

/** What keeps a plan from being of use at all. */
export function planProblem(survey: PatroniSurvey): PlaceProblem | undefined {
  return standbyCluster(survey);
}

/** @throws {Failure} `refused` with {@link cutoverProblem}. */
export function checkMayCutOver(survey: PatroniSurvey): void {
  const problem = cutoverProblem(survey);
  if (problem === undefined) return;
  throw new Failure('refused', {
    message: `cannot exchange the data of ${survey.memberName} now: ${problem.message}`,
    remedy: problem.remedy,
  });
}

/** What keeps this member from being cut over now. */
export function cutoverProblem(survey: PatroniSurvey): PlaceProblem | undefined {
  return standbyCluster(survey) ?? otherLeader(survey) ?? switchover(survey) ?? severalCloneSources(survey);
}
