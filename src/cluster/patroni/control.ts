/**
 * What a recovery does with Patroni, by its keys in the DCS and the REST API of its members.
 *
 * Pausing goes through the DCS and not through the API: it works while nobody leads, and each member says in its own key
 * that it has seen it.
 *
 * Source: patroni/ha.py (`_run_cycle`, `is_healthiest_node`, `touch_member`) of Patroni 3.0, 4.0 and 4.1. While paused, a
 * member neither starts PostgreSQL nor promotes, and a running primary takes the lock when nobody has it.
 *
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises';

import { Failure } from '../../base/failure.ts';
import { canCloneFromLeader, isCloneSource } from '../clone-sources.ts';
import type { PatroniControl, PatroniSurvey, PauseOutcome } from '../patroni-control.ts';
import type { DcsKeys, DcsMember } from './dcs-keys.ts';
import type { PatroniDcs } from './dcs.ts';
import { startPatroni, stopPatroni, type OwnPatroni } from './own-patroni.ts';
import type { MemberRest } from './rest-client.ts';
import type { PatroniConfiguration } from './patroni-configuration.ts';
import { rebuildReplica } from './rebuild-replica.ts';
import { surveyOf } from './survey.ts';

/** What it works with. */
export interface ControlOptions {
  readonly configuration: PatroniConfiguration;
  readonly dcs: PatroniDcs;
  /** Patroni of this host. */
  readonly own: OwnPatroni;
  /** `undefined` if the member's key has no address of its API. */
  readonly restOf: (member: DcsMember) => MemberRest | undefined;
  /** Why a member is not proven to follow the leader; `undefined` if it is. */
  readonly whyNotAccepted: (member: DcsMember) => Promise<string | undefined>;
}

const POLL_MS = 500;
const SWITCHOVER_MS = 60_000;

async function answers({ restOf }: ControlOptions, member: DcsMember): Promise<boolean> {
  return (await restOf(member)?.status()) !== undefined;
}

/** Of these, the ones that answer. */
async function reachable(options: ControlOptions, members: readonly DcsMember[]): Promise<DcsMember[]> {
  const found = await Promise.all(members.map((member) => answers(options, member)));
  return members.filter((_, index) => found[index]);
}

async function survey(options: ControlOptions, given?: DcsKeys): Promise<PatroniSurvey> {
  const keys = given ?? (await options.dcs.show());
  const { scope, memberName } = options.configuration;
  return surveyOf(keys, {
    scope,
    memberName,
    commands: await options.own.commandLines(),
    reachable: new Set((await reachable(options, keys.members)).map(({ name }) => name)),
  });
}

/** A switchover ends by itself, or is for later: then the survey tells. */
async function untilNoSwitchover({ dcs }: ControlOptions): Promise<void> {
  const deadline = Date.now() + SWITCHOVER_MS;
  for (;;) {
    const { failover } = await dcs.show();
    if (failover === undefined || failover.scheduledAt !== undefined || Date.now() > deadline) return;
    await sleep(POLL_MS);
  }
}

/** A member that has died keeps its key for `ttl` seconds; one that lives looks at the configuration each `loop_wait`. */
async function pause(options: ControlOptions): Promise<PauseOutcome> {
  await options.dcs.pause();
  const begunAt = Date.now();
  for (;;) {
    const keys = await options.dcs.show();
    const pending = keys.members.filter(({ isPaused }) => !isPaused);
    const { loopWaitSeconds, ttlSeconds } = surveyOf(keys, NOBODY);
    const elapsedMs = Date.now() - begunAt;
    const living = pending.length === 0 ? [] : await reachable(options, pending);
    const isEnough = pending.length === 0 || (living.length === 0 && elapsedMs > loopWaitSeconds * 2000);
    if (isEnough) {
      const acknowledged = keys.members.filter(({ isPaused }) => isPaused);
      return { acknowledged: namesOf(acknowledged), unreachable: namesOf(pending) };
    }
    if (elapsedMs > (ttlSeconds + loopWaitSeconds) * 2000) throw notPaused(living.length === 0 ? pending : living);
    await sleep(POLL_MS);
  }
}

const NOBODY = { scope: '', memberName: '', commands: { stop: '', start: '' }, reachable: new Set<string>() };

function namesOf(members: readonly DcsMember[]): string[] {
  return members.map(({ name }) => name);
}

function notPaused(members: readonly DcsMember[]): Failure {
  return new Failure('unavailable', {
    message: `cannot pause the cluster: ${namesOf(members).join(', ')} has not acknowledged it`,
    remedy: 'Look at the log of Patroni there. When it runs its loop again, or has been stopped, run this again.',
  });
}

/** Waits a little until the members say so; a member that is slow to does no harm. */
async function resume({ dcs }: ControlOptions): Promise<void> {
  await dcs.resume();
  const begunAt = Date.now();
  for (;;) {
    const keys = await dcs.show();
    const { loopWaitSeconds } = surveyOf(keys, NOBODY);
    if (keys.members.every(({ isPaused }) => !isPaused) || Date.now() - begunAt > loopWaitSeconds * 3000) return;
    await sleep(POLL_MS);
  }
}

/** One that others are copied from comes first: until then it would hand on the data from before. */
async function otherMembers(options: ControlOptions, known: readonly string[]): Promise<readonly string[]> {
  const { members } = await survey(options);
  const isSource = (name: string): boolean => members.some((member) => member.name === name && isCloneSource(member));
  const names = new Set([...members.map(({ name }) => name), ...known]);
  names.delete(options.configuration.memberName);
  return [...names].toSorted((a, b) => Number(isSource(b)) - Number(isSource(a)) || (a < b ? -1 : 1));
}

async function rebuild(options: ControlOptions, name: string) {
  const { dcs, restOf, whyNotAccepted } = options;
  const find = async (): Promise<DcsMember | undefined> =>
    (await dcs.show()).members.find((member) => member.name === name);
  const version = (await dcs.show()).members.find((member) => member.name === name)?.version ?? null;
  return rebuildReplica({ name, find, restOf, whyNotAccepted, fromLeader: canCloneFromLeader(version) });
}

/** Patroni of one cluster. */
export function patroniControl(options: ControlOptions): PatroniControl {
  const { configuration, dcs, own } = options;
  return {
    memberName: configuration.memberName,
    survey: () => survey(options),
    untilNoSwitchover: () => untilNoSwitchover(options),
    pause: () => pause(options),
    resume: () => resume(options),
    stopPatroni: () => stopPatroni(own),
    startPatroni: () => startPatroni(own),
    clearStatus: async () => void (await dcs.clearStatus()),
    otherMembers: (known) => otherMembers(options, known),
    rebuild: (member) => rebuild(options, member),
    neededRoles: () => configuration.roles,
  };
}
