/**
 * One replica made to follow the leader, and proven to.
 *
 * That Patroni calls it running proves nothing: a replica can be running, without lag, on the history that was left.
 *
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises';

import { Failure, messageOf } from '../../base/failure.ts';
import type { RebuildOutcome } from '../patroni-control.ts';
import type { DcsMember } from './dcs-keys.ts';
import type { MemberReport } from './members.ts';
import type { MemberRest } from './rest-client.ts';

/** How patient it is. */
export interface RebuildTimes {
  readonly pollMs: number;
  /** For so long a member may not answer before it is taken for dead. */
  readonly absentMs: number;
  /** For so long a copied member may take to catch up before it is looked into. */
  readonly settleMs: number;
  /** For so long its Patroni may refuse, as it does while it sees no leader. */
  readonly refusedMs: number;
  /** For so long its server may be stopped before it is copied: Patroni rewinds it meanwhile, if it can. */
  readonly rewindMs: number;
  /** For so long its server may be stopped once it was to be copied, before it is asked for again. */
  readonly idleMs: number;
}

/** One rebuild. */
export interface Rebuild {
  readonly name: string;
  /** Its key as it is now. */
  readonly find: () => Promise<DcsMember | undefined>;
  readonly restOf: (member: DcsMember) => MemberRest | undefined;
  readonly whyNotAccepted: (member: DcsMember) => Promise<string | undefined>;
  /** Its Patroni can be told not to copy it from another replica. */
  readonly fromLeader: boolean;
  readonly times?: RebuildTimes;
}

const USUAL_TIMES: RebuildTimes = {
  pollMs: 1000,
  absentMs: 20_000,
  settleMs: 180_000,
  refusedMs: 60_000,
  rewindMs: 20_000,
  idleMs: 10_000,
};
/** How often a copy is asked for. */
const MOST_COPIES = 3;

function timesOf({ times = USUAL_TIMES }: Rebuild): RebuildTimes {
  return times;
}

function isBeingCopied({ state }: MemberReport): boolean {
  return state === 'creating replica';
}

/** Its server does not run: Patroni is rewinding it, or has nothing to start. */
function isStopped({ state, role }: MemberReport): boolean {
  return state === 'stopped' || state === 'crashed' || state === 'start failed' || role === 'uninitialized';
}

async function answerOf(
  rebuild: Rebuild,
): Promise<{ member: DcsMember; api: MemberRest; answer: MemberReport } | undefined> {
  const member = await rebuild.find();
  const api = member === undefined ? undefined : rebuild.restOf(member);
  const answer = await api?.status();
  return member === undefined || api === undefined || answer === undefined ? undefined : { member, api, answer };
}

/** Waits for a member that does not answer; `undefined` if it stays away. */
async function untilItAnswers(rebuild: Rebuild): ReturnType<typeof answerOf> {
  const { absentMs, pollMs } = timesOf(rebuild);
  const deadline = Date.now() + absentMs;
  for (;;) {
    const found = await answerOf(rebuild);
    if (found !== undefined || Date.now() > deadline) return found;
    await sleep(pollMs);
  }
}

async function begin(rebuild: Rebuild, api: MemberRest): Promise<void> {
  const { refusedMs, pollMs } = timesOf(rebuild);
  const deadline = Date.now() + refusedMs;
  for (;;) {
    try {
      return await api.reinitialize(rebuild.fromLeader);
    } catch (error) {
      const answer = await api.status();
      if (answer !== undefined && isBeingCopied(answer)) return;
      if (Date.now() > deadline) throw error;
    }
    await sleep(pollMs);
  }
}

/**
 * A copy that is asked for while Patroni rewinds the member can be lost: it removes the data, and a paused Patroni leaves the
 * member empty (seen with 4.1). So what is stopped for a while is asked for again.
 */
async function untilAccepted(rebuild: Rebuild): Promise<RebuildOutcome> {
  const { settleMs, pollMs, idleMs } = timesOf(rebuild);
  let lastCopiedMs = Date.now();
  let lastAtWorkMs = Date.now();
  let copies = 1;
  for (;;) {
    const found = await untilItAnswers(rebuild);
    if (found === undefined) return 'absent';
    const { answer, api } = found;
    if (!isStopped(answer)) lastAtWorkMs = Date.now();
    if (isBeingCopied(answer)) lastCopiedMs = Date.now();
    else if (copies < MOST_COPIES && Date.now() - lastAtWorkMs > idleMs) {
      copies += 1;
      await begin(rebuild, api);
      lastAtWorkMs = Date.now();
    } else {
      const reason = await rebuild.whyNotAccepted(found.member).catch((error: unknown) => messageOf(error));
      if (reason === undefined) return 'rebuilt';
      if (Date.now() - lastCopiedMs > settleMs) throw notAccepted(rebuild.name, reason);
    }
    await sleep(pollMs);
  }
}

function notAccepted(name: string, reason: string): Failure {
  return new Failure('failed', {
    message: `cannot offer ${name} as a replica of the recovered cluster: ${reason}`,
    remedy: `It was copied anew and does not follow the leader. See the logs of Patroni and PostgreSQL on ${name}: its create_replica_methods may fetch another history. Mend that and go on; the cluster stays paused until then.`,
  });
}

/** What a rewind makes of it, if Patroni is at one. A member without data has nothing that could be rewound. */
async function untilRewound(
  rebuild: Rebuild,
  found: Awaited<ReturnType<typeof answerOf>>,
): ReturnType<typeof answerOf> {
  const { rewindMs, pollMs } = timesOf(rebuild);
  const deadline = Date.now() + rewindMs;
  let now = found;
  while (now !== undefined && isStopped(now.answer) && now.answer.role !== 'uninitialized' && Date.now() < deadline) {
    await sleep(pollMs);
    now = await untilItAnswers(rebuild);
  }
  return now;
}

/** Makes it follow the leader: not touched if it is proven to already, else copied, and proven then. */
export async function rebuildReplica(rebuild: Rebuild): Promise<RebuildOutcome> {
  const found = await untilRewound(rebuild, await untilItAnswers(rebuild));
  if (found === undefined) return 'absent';
  if (!isBeingCopied(found.answer)) {
    const reason = await rebuild.whyNotAccepted(found.member).catch((error: unknown) => messageOf(error));
    if (reason === undefined) return 'accepted';
    await begin(rebuild, found.api);
  }
  return untilAccepted(rebuild);
}
