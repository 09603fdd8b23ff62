/**
 * Making a plan of a recovery in a namespace: looks at everything, decides, and leaves the plan where `run` finds it by its id.
 *
 * @module
 */

import { randomBytes } from 'node:crypto';

import { Failure } from '../../base/failure.ts';
import type { AskWhich } from '../../history/choose-removal.ts';
import type { AskedTarget } from '../../recovery/asked-target.ts';
import { archiveNewest } from '../../recovery/archive-newest.ts';
import { archiveTailThrough } from '../../recovery/archive-tail.ts';
import { gatherFactsOf, type LookedAtCluster } from '../../recovery/gather-facts.ts';
import { makePlan } from '../../recovery/plan.ts';
import { makeSteppedPlan, steppedTimeline } from '../../recovery/stepped-plan.ts';
import type { Plan } from '../../recovery/plan-value.ts';
import type { KubernetesApi, WhereWeAre } from '../api/kubernetes-api.ts';
import type { ConfigMap } from '../api/kubernetes-objects.ts';
import { chooseWay, type ChosenWay, type WayFacts } from './choose-way.ts';
import type { SwapUses } from './context.ts';
import { cloneTimeUs, planClone } from './clone/plan-clone.ts';
import { driftOf } from './drift.ts';
import { createRecovery } from './journal-object.ts';
import { firstLook } from './look-first.ts';
import { journalName, memberClaim } from './names.ts';
import { recreatedTemplate } from './other-way-steps.ts';
import { refuseOtherWork } from './other-work.ts';
import { readPatroniState } from './patroni-objects.ts';
import { membersOf } from './planned-members.ts';
import { plannedShape } from './planned-shape.ts';
import type { NamespacePlan, PlannedClone, PlannedWorkload, SwapPlan } from './plan-value.ts';
import { connectToPod } from './pod-server.ts';
import { checkRightsOfEveryWay, type RightsFor } from './rights.ts';
import { refuseScaledDelete } from './scaled-delete.ts';
import type { Subject } from './subject.ts';
import { claimBytesFor, wayFacts } from './way-facts.ts';
import type { RecoveryWay } from '../find/rights.ts';

const DOWN_SECONDS = 12;
/** Two starts of a pod, on top of restore and replay. */
const CLONE_SECONDS = 60;

/** What to plan. */
export interface NamespacePlanRequest {
  readonly target: AskedTarget;
  readonly timeline?: number | undefined;
  readonly ask?: AskWhich;
  /** `undefined`: the best that is open. */
  readonly way?: RecoveryWay | undefined;
  /** What is scaled down meanwhile. */
  readonly workloads: readonly PlannedWorkload[];
}

/** The pod that takes writes. */
export async function findLeader(
  api: KubernetesApi,
  { patroni, pods, statefulSet }: Pick<Subject, 'patroni' | 'pods' | 'statefulSet'>,
): Promise<string | undefined> {
  const name = patroni === null ? `${statefulSet.metadata?.name}-0` : (await readPatroniState(api, patroni)).leader;
  const isRunning = pods.some(({ metadata, status }) => metadata?.name === name && status?.phase === 'Running');
  return isRunning ? name : undefined;
}

/** An id that nothing in the namespace has. */
export async function newId(api: KubernetesApi): Promise<string> {
  for (let lengthBytes = 2; ; lengthBytes += 1) {
    const id = randomBytes(lengthBytes).toString('hex');
    const taken = await api.get<ConfigMap>({ apiVersion: 'v1', kind: 'ConfigMap', name: journalName(id) });
    if (taken === undefined) return id;
  }
}

/** Scaling to 0 would remove the volumes, or there is more than one server and nobody who fails over. */
export function checkSubject(
  where: WhereWeAre,
  { statefulSet, patroni, memberCount }: Pick<Subject, 'statefulSet' | 'patroni' | 'memberCount'>,
): void {
  refuseScaledDelete(where, statefulSet);
  const { name } = statefulSet.metadata ?? {};
  if (patroni !== null || memberCount < 2) return;
  throw new Failure('refused', {
    message: `cannot recover ${name}: it has ${memberCount} members, and no Patroni that would say which leads`,
    remedy: 'Scale it to 1 first, if pod 0 is the primary; then plan again.',
  });
}

function rehearsalClaimOf(id: string, statefulSet: string, way: RecoveryWay, live: string): string {
  if (way === 'in-volume') return live;
  return way === 'recreate' ? memberClaim(recreatedTemplate(id), statefulSet, 0) : `walkback-${id}`;
}

function restartsOf(name: string, replicas: number, workloads: readonly PlannedWorkload[]): string[] {
  return [
    `${replicas} ${replicas === 1 ? 'pod' : 'pods'} of ${name}`,
    ...workloads.map(({ kind, name: one, replicas: count }) => `${kind} ${one} (${count}, scaled to 0 meanwhile)`),
  ];
}

/** What is known when the way has been chosen. */
interface Decided {
  readonly id: string;
  /** The pod that leads, or whose data count. */
  readonly leader: string;
  readonly neededBytes: bigint;
  readonly chosen: ChosenWay;
  readonly clone: PlannedClone | undefined;
}

async function swapPlanOf(
  { api }: SwapUses,
  subject: Subject,
  { id, leader, neededBytes, chosen, clone }: Decided,
  workloads: readonly PlannedWorkload[],
): Promise<SwapPlan> {
  const { way } = chosen;
  const { context, server, namespace } = api.where;
  const { live, walkback, archive, superuser, roles, rolesSetAgain, patroni, claimTemplate } = subject;
  const { name = '', uid = '' } = subject.statefulSet.metadata ?? {};
  const replicas = subject.memberCount;
  return {
    context,
    server,
    namespace,
    statefulSet: { name, uid, replicas },
    ...chosen,
    leader,
    claimTemplate,
    ...(await membersOf(api, subject, { id, way })),
    patroni,
    ...(clone === undefined ? {} : { clone }),
    rehearsalClaim: rehearsalClaimOf(id, name, way, live.claim.metadata?.name ?? ''),
    claimBytes: claimBytesFor(neededBytes).toString(),
    workloads,
    restarts: restartsOf(name, replicas, workloads),
    drift: driftOf({ way, id, statefulSet: subject.statefulSet, claimTemplate, workloads, clone }),
    live: plannedShape(live),
    walkback,
    archive,
    superuser,
    roles,
    rolesSetAgain,
  };
}

/** Has the leader archive its newest WAL. @returns the segment that does not get there. */
async function archiveOf(
  server: { readonly uses: SwapUses; readonly superuser: string },
  leader: string | undefined,
): Promise<string | undefined> {
  if (leader === undefined) return undefined;
  return archiveNewest(server.uses, async (timeoutMs) => {
    await using connection = await connectToPod(server, leader);
    // The connection is closed when this returns.
    return await archiveTailThrough(connection, server.uses.store, timeoutMs);
  });
}

/**
 * The whole plan, before it is stored.
 *
 * @throws {Failure} `refused` with the nearest reachable target, or why no way is open; `denied` for rights alone.
 */
async function planOf(
  uses: SwapUses,
  subject: Subject,
  id: string,
  request: NamespacePlanRequest,
): Promise<NamespacePlan> {
  const { target, timeline, ask, workloads } = request;
  checkSubject(uses.api.where, subject);
  const { name = '' } = subject.statefulSet.metadata ?? {};
  await checkRightsOfEveryWay(uses.api, name);
  await refuseOtherWork(uses.api, name, undefined);
  const leader = await findLeader(uses.api, subject);
  const server = { uses, superuser: subject.superuser };
  const asked = {
    id,
    target,
    ...(timeline === undefined ? {} : { timeline }),
    ...(ask === undefined ? {} : { ask }),
  };
  const { first, look, leader: up } = await firstLook(server, subject, { id, leader });
  const notArchived = await archiveOf(server, up);
  const recovery = makePlan(await gatherFactsOf(uses, { ...asked, notArchived }, look));
  const neededBytes = BigInt(recovery.space.neededBytes);
  const rights: RightsFor = { patroni: subject.patroni, workloads };
  const tablespaces = recovery.backup.tablespaces.length;
  const facts = await wayFacts(uses, subject, { id, live: first, neededBytes, tablespaces, rights });
  const chosen = chooseWay(facts, request.way);
  const clone = chosen.way === 'clone' ? await cloneFor(uses, subject, recovery, look) : undefined;
  const swap = await swapPlanOf(uses, subject, { id, leader: first.pod, neededBytes, chosen, clone }, workloads);
  return { version: 1, recovery: spaceOf(recovery, swap, facts, subject), swap };
}

/** What the image is told, if it means the moment of the plan. @throws {Failure} `refused` if it does not. */
async function cloneFor(
  uses: SwapUses,
  { clone: subject }: Subject,
  recovery: Plan,
  look: () => Promise<LookedAtCluster>,
): Promise<PlannedClone | undefined> {
  if (typeof subject === 'string') return undefined;
  const timeUs = cloneTimeUs(recovery.target.firstLost);
  const target = { kind: 'time', timeUs, inclusive: true } as const;
  const { timeline } = recovery.target;
  const byTime = await gatherFactsOf(uses, { id: recovery.id, target, timeline }, look);
  return planClone(uses, { subject, recovery, byTime, timeUs });
}

/** The image restores while the cluster is down; every other way has restored before. */
function downSecondsOf({ estimate }: Plan, way: RecoveryWay): number {
  return way === 'clone' ? CLONE_SECONDS + estimate.restoreSeconds + estimate.replaySeconds : DOWN_SECONDS;
}

/** Room is that of the claim, or of the live volume. */
function spaceOf(
  plan: Plan,
  { way, rehearsalClaim, claimBytes, members }: SwapPlan,
  { freeBytes }: WayFacts,
  subject: Subject,
): Plan {
  const madeAnew = typeof subject.clone === 'string' ? claimBytes : subject.clone.claimBytes.toString();
  const free = way === 'in-volume' ? (freeBytes ?? 0n).toString() : way === 'clone' ? madeAnew : claimBytes;
  const claim = way === 'clone' ? `${members[0]?.claim ?? ''}, made anew` : rehearsalClaim;
  return {
    ...plan,
    estimate: { ...plan.estimate, downSeconds: downSecondsOf(plan, way) },
    space: { ...plan.space, freeBytes: free, folder: `claim ${claim}` },
  };
}

/** The plan of a standing rehearsal that goes on to a later target. @throws {Failure} `refused` if that is not behind the old one. */
export async function makeSteppedNamespacePlan(
  uses: SwapUses,
  subject: Subject,
  plan: NamespacePlan,
  request: Pick<NamespacePlanRequest, 'target' | 'ask'>,
): Promise<NamespacePlan> {
  const { recovery } = plan;
  const leader = await findLeader(uses.api, subject);
  const asked = {
    id: recovery.id,
    target: request.target,
    timeline: steppedTimeline(recovery.target),
    // What it was restored from, and nothing nearer: all that it will replay must have been looked at.
    backupName: recovery.backup.name,
    ...(request.ask === undefined ? {} : { ask: request.ask }),
  };
  const server = { uses, superuser: subject.superuser };
  const { look, leader: up } = await firstLook(server, subject, { id: recovery.id, leader });
  const notArchived = await archiveOf(server, up);
  const facts = await gatherFactsOf(uses, { ...asked, notArchived }, look);
  return { ...plan, recovery: makeSteppedPlan(recovery, facts) };
}

/** A new plan, stored in the namespace. */
export async function makeNamespacePlan(
  uses: SwapUses,
  subject: Subject,
  request: NamespacePlanRequest,
): Promise<NamespacePlan> {
  const plan = await planOf(uses, subject, await newId(uses.api), request);
  await createRecovery(uses.api, plan);
  return plan;
}
