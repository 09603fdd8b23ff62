/**
 * The other members of a recovered cluster: one after the other, each proven to follow the leader before the next one starts.
 *
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises';

import { Failure, messageOf } from '../../base/failure.ts';
import { whyNotAccepted } from '../../cluster/accept-member.ts';
import type { Pod } from '../api/kubernetes-objects.ts';
import { FinalTrouble } from '../rehearse/final-trouble.ts';
import type { PodTrouble } from '../rehearse/rehearsal.ts';
import type { WorkContext } from './context.ts';
import { GIVEN_UP_MS, memberWatch } from './member-trouble.ts';
import { connectToPod, podServer } from './pod-server.ts';
import { podRef, statefulSetRef } from './pods-gone.ts';
import { replicasOf, scaleTo } from './scale.ts';

/** A member is copied from the leader or from the archive, however long that takes; it must only get on. */
const MEMBER_MS = 3_600_000;
/** For so long a member that runs and answers may not be accepted. */
const SETTLE_MS = 180_000;
const POLL_MS = 1000;

async function reasonOf(context: WorkContext, leader: string, member: string): Promise<string | undefined> {
  const server = podServer(context);
  try {
    await using leaderConnection = await connectToPod(server, leader);
    await using memberConnection = await connectToPod(server, member);
    // The connections are closed when this returns.
    return await whyNotAccepted({ leader: leaderConnection, member: memberConnection, memberName: member });
  } catch (error) {
    return messageOf(error);
  }
}

function notAccepted(member: string, why: string, trouble: PodTrouble | undefined): Failure {
  const remedy = `See the log of ${member}. It stays as it is, and no further member is started. Mend it, and go on; the primary serves meanwhile.`;
  return new Failure('failed', {
    message: `cannot offer ${member} as a replica of the recovered cluster: ${trouble?.message ?? why}`,
    remedy: trouble === undefined ? remedy : `${trouble.remedy}\n${remedy}`,
  });
}

async function isAnswering(context: WorkContext, member: string): Promise<boolean> {
  const server = podServer(context);
  return connectToPod(server, member).then(
    async (connection) => {
      await connection.close();
      return true;
    },
    () => false,
  );
}

/** Waits until a member is accepted. @throws {Failure} `failed`, `unavailable` with why it is not. */
async function untilAccepted(
  context: WorkContext,
  leader: string,
  member: string,
  tell: (note: string) => void,
): Promise<void> {
  const { api, signal } = context.uses;
  const deadline = Date.now() + MEMBER_MS;
  const look = memberWatch(api, member);
  const seen = new FinalTrouble();
  let answersSinceMs: number | undefined;
  for (;;) {
    signal?.throwIfAborted();
    const pod = await api.get<Pod>(podRef(member));
    const isRunning = pod?.status?.phase === 'Running';
    const why = isRunning ? await reasonOf(context, leader, member) : 'its pod does not run';
    if (why === undefined) return;
    const trouble = await look();
    tell(`${member}: ${trouble?.message ?? why}`);
    answersSinceMs = isRunning && (await isAnswering(context, member)) ? (answersSinceMs ?? Date.now()) : undefined;
    const isSettled = answersSinceMs !== undefined && Date.now() - answersSinceMs > SETTLE_MS;
    const isGivenUp = seen.lasting(trouble, GIVEN_UP_MS) !== undefined;
    if (isSettled || isGivenUp || Date.now() > deadline) throw notAccepted(member, why, trouble);
    await sleep(POLL_MS);
  }
}

/**
 * Scales out to as many as there were, one at a time. Returns those that were accepted.
 *
 * @throws {Failure} as {@link untilAccepted}: the next one is not started then.
 */
export async function scaleOutOneByOne(context: WorkContext, leader: string): Promise<readonly string[]> {
  const { api, onProgress } = context.uses;
  const { name, replicas } = context.plan.swap.statefulSet;
  const accepted: string[] = [];
  for (let ordinal = 0; ordinal < replicas; ordinal += 1) {
    const member = `${name}-${ordinal}`;
    if (member === leader) continue;
    const done = accepted.length;
    const tell = (note: string): void =>
      onProgress({ phase: 'replicas', done, total: replicas - 1, unit: 'members', note });
    tell(member);
    const now = (await replicasOf(api, statefulSetRef(name))) ?? 0;
    if (now <= ordinal) await scaleTo(api, statefulSetRef(name), ordinal + 1);
    await untilAccepted(context, leader, member, tell);
    accepted.push(member);
  }
  return accepted;
}
