/**
 * Making a plan of a reset: looks at everything, and leaves the plan where a run finds it by its id. Nothing else is changed.
 *
 * @module
 */

import { Failure } from '../../base/failure.ts';
import type { RecoveryState } from '../../recovery/states.ts';
import type { KubernetesApi } from '../api/kubernetes-api.ts';
import type { PersistentVolumeClaim } from '../api/kubernetes-objects.ts';
import type { FoundCluster } from '../find/find-cluster.ts';
import { rightsOfReset } from '../find/rights.ts';
import { valuesOfVariables } from '../recover/chart-values.ts';
import { keeperWarnings, keeperWords } from '../recover/drift.ts';
import { createRecovery } from '../recover/journal-object.ts';
import { keptClaim, memberClaim, ordinalOf } from '../recover/names.ts';
import { checkSubject, findLeader } from '../recover/new-plan.ts';
import { workOn } from '../recover/other-work.ts';
import { plannedShape } from '../recover/planned-shape.ts';
import type { PlannedMember } from '../recover/plan-value.ts';
import { missingRights } from '../recover/rights.ts';
import { liveShape, patroniObjects } from '../recover/subject-of.ts';
import { loginOf } from '../recover/superuser.ts';
import type { ResetDetails, ResetPlan } from './plan-value.ts';
import { leftOverJobs } from './remove-jobs.ts';

/** Where the archive is and where it will be, which whoever opens archives has found out. */
export interface ResetRequest {
  readonly id: string;
  readonly archive: ResetDetails['archive'];
  readonly now: Date;
}

function refuse({ cluster }: FoundCluster, found: string, remedy: string): Failure {
  return new Failure('refused', {
    message: `cannot reset ${cluster.where.namespace}/${cluster.name}: ${found}`,
    remedy,
    facts: [`context ${cluster.where.context}, server ${cluster.where.server}`],
  });
}

/** @throws {Failure} `denied`, naming each right that is missing. */
async function checkRights(api: KubernetesApi, { cluster }: FoundCluster): Promise<void> {
  const missing = await missingRights(api, rightsOfReset(cluster.patroni?.kind));
  if (missing.length === 0) return;
  const { namespace, user } = api.where;
  throw new Failure('denied', {
    message: `cannot plan a reset of ${namespace}/${cluster.name}: ${user} lacks rights that it needs`,
    facts: missing.map(({ verb, resource, why }) => `${verb} ${resource}: to ${why}`),
    remedy: `Ask for them in namespace ${namespace}; the chart's recovery account has all of them.`,
  });
}

/** A pod that finds no data does what these say, and not what a new cluster is: F-28. */
function checkVariables(found: FoundCluster): void {
  const other = found.cluster.variables
    .map(({ name }) => name)
    .filter((name) =>
      /^(?:CLONE_(?:METHOD|SCOPE|TARGET_TIME|WITH_\w+|PGDATA)|STANDBY_(?:HOST|WITH_WALE|CLUSTER))$/.test(name),
    );
  if (other.length === 0) return;
  const { cluster } = found;
  throw refuse(
    found,
    `${other.join(', ')} ${other.length === 1 ? 'is' : 'are'} set, so that its first pod would begin as a copy of another cluster`,
    `Take them out first: kubectl set env statefulset/${cluster.name} -n ${cluster.where.namespace} -c ${cluster.container} ${other.map((name) => `${name}-`).join(' ')}`,
  );
}

const IS_UNDER_WAY: ReadonlySet<RecoveryState> = new Set(['rehearsing', 'standing', 'cuttingOver', 'undoing']);

/** What keeps volumes of this cluster would be mixed with what this one keeps. */
async function checkOthers(api: KubernetesApi, found: FoundCluster): Promise<void> {
  for (const { kind, id, state } of await workOn(api, found.cluster.name)) {
    if (kind === 'recovery' && state === 'recovered')
      throw refuse(
        found,
        `recovery ${id} keeps the data from before it, and could not be undone afterwards`,
        `Undo or release it first:  walkback recover status ${id}`,
      );
    if (!IS_UNDER_WAY.has(state)) continue;
    throw refuse(
      found,
      `${kind} ${id} of it is under way`,
      kind === 'recovery'
        ? `Finish or undo it:  walkback recover status ${id}`
        : `Finish it:  walkback cluster reset ${id}\nOr go back:  walkback undo ${id}`,
    );
  }
}

/** Every claim of the template, those too that a scale-down has left behind. */
function membersOf({ cluster, objects }: FoundCluster, id: string): PlannedMember[] {
  const template = cluster.claimTemplate?.name ?? '';
  const ofClaim = (claim: PersistentVolumeClaim): number | undefined =>
    ordinalOf(claim.metadata?.name ?? '', `${template}-${cluster.name}`);
  const ordinals = new Set([
    ...Array.from({ length: Math.max(1, cluster.replicas) }, (_, ordinal) => ordinal),
    ...objects.claims.map(ofClaim).filter((ordinal) => ordinal !== undefined),
  ]);
  return [...ordinals]
    .toSorted((a, b) => a - b)
    .map((ordinal) => {
      const found = objects.claims.find((claim) => ofClaim(claim) === ordinal);
      return {
        pod: `${cluster.name}-${ordinal}`,
        ordinal,
        claim: memberClaim(template, cluster.name, ordinal),
        claimUid: found?.metadata?.uid ?? '',
        volume: found?.spec?.volumeName ?? null,
        size: found?.spec?.resources?.requests?.['storage'] ?? '?',
        storageClass: found?.spec?.storageClassName ?? null,
        keptAs: found === undefined ? null : keptClaim(id, 'kept', ordinal),
      };
    });
}

/** What the next upgrade would put back: the archive of before, into which the new cluster would write (F-12). */
function driftOf({ objects: { statefulSet } }: FoundCluster, { archive }: ResetRequest): string[] {
  const variables = Object.fromEntries(archive.variables.map(({ name, value }) => [name, value]));
  return [
    `Set ${valuesOfVariables(statefulSet, variables)} in the values of ${keeperWords(statefulSet)} before the next upgrade: with the old one the new cluster would write into the archive of the old. After an undo it archives to ${archive.from} again: put the value back to what it was then.`,
    ...keeperWarnings(statefulSet),
    'The new cluster is empty: databases, roles and extensions that the image does not make itself are yours to make.',
  ];
}

/** A new plan, stored in the namespace. @throws {Failure} `refused`, `denied` for what can be known before. */
export async function makeResetPlan(
  api: KubernetesApi,
  found: FoundCluster,
  request: ResetRequest,
): Promise<ResetPlan> {
  const { cluster, objects } = found;
  const { context, server, namespace } = api.where;
  await checkRights(api, found);
  const patroni = patroniObjects(found);
  const memberCount = objects.statefulSet.spec?.replicas ?? 0;
  checkSubject(api.where, { statefulSet: objects.statefulSet, patroni, memberCount });
  checkVariables(found);
  await checkOthers(api, found);
  const { id, archive, now } = request;
  const initialize = cluster.patroni?.initialize;
  const plan: ResetPlan = {
    version: 1,
    recovery: { id, createdAt: now.toISOString() },
    swap: {
      context,
      server,
      namespace,
      statefulSet: { name: cluster.name, uid: cluster.uid, replicas: cluster.replicas },
      leader: (await findLeader(api, { patroni, pods: objects.pods, statefulSet: objects.statefulSet })) ?? '',
      members: membersOf(found, id),
      patroni,
      live: plannedShape(liveShape(found)),
      superuser: loginOf(found).user,
      restarts: [`${cluster.replicas} ${cluster.replicas === 1 ? 'pod' : 'pods'} of ${cluster.name}`],
      drift: driftOf(found, request),
    },
    reset: {
      systemIdentifier: initialize === undefined || initialize === '' ? null : initialize,
      archive,
      jobs: await leftOverJobs(api, objects.statefulSet),
    },
  };
  await createRecovery(api, plan);
  return plan;
}
