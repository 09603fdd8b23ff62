/**
 * From a cluster in a namespace to the plan of its reset: where its archive is now, and where that of the new cluster will be.
 *
 * @module
 */

import { Failure } from '../base/failure.ts';
import type { Settings } from '../config/load-settings.ts';
import type { KubernetesApi } from '../kubernetes/api/kubernetes-api.ts';
import { findCluster, type FoundCluster } from '../kubernetes/find/find-cluster.ts';
import { newId } from '../kubernetes/recover/new-plan.ts';
import type { ArchiveNow } from '../kubernetes/reset/context.ts';
import { movedVariables } from '../kubernetes/reset/move-archive.ts';
import { makeResetPlan } from '../kubernetes/reset/new-plan.ts';
import type { MovedVariable, ResetPlan } from '../kubernetes/reset/plan-value.ts';
import { openArchive } from './open-archive.ts';
import { clusterChoice } from './open-namespace.ts';
import { podArchiveSettings } from './pod-archive.ts';

async function openArchiveOf(api: KubernetesApi, found: FoundCluster, settings: Settings): Promise<ArchiveNow> {
  const opened = await podArchiveSettings(api, found, settings);
  try {
    const archive = await openArchive(opened.settings);
    return {
      store: archive.store,
      [Symbol.asyncDispose]: async () => {
        await archive[Symbol.asyncDispose]();
        await opened[Symbol.asyncDispose]();
      },
    };
  } catch (error) {
    await opened[Symbol.asyncDispose]();
    throw error;
  }
}

/** The archive that the variables of the settings' cluster name at this moment. */
export async function openArchiveNow(api: KubernetesApi, settings: Settings): Promise<ArchiveNow> {
  return openArchiveOf(api, await findCluster(api, clusterChoice(settings)), settings);
}

function refuse({ cluster }: FoundCluster, found: string, remedy: string): Failure {
  return new Failure('refused', {
    message: `cannot reset ${cluster.where.namespace}/${cluster.name}: ${found}`,
    remedy,
    facts: [`context ${cluster.where.context}, server ${cluster.where.server}`],
  });
}

/** The new values. @throws {Failure} `refused` where no variable of the pods would move the archive, or the old one would be read too. */
function newValues(found: FoundCluster, id: string): ReadonlyMap<string, string> {
  const values = new Map(
    [...(found.archive?.environment ?? [])].map(([name, { secretValue }]) => [name, secretValue ?? '']),
  );
  if ((values.get('WALG_FAILOVER_STORAGES') ?? '') !== '') {
    throw refuse(
      found,
      'WALG_FAILOVER_STORAGES is set, so that the new cluster would find the WAL of the old one there',
      'Take it out of its variables first.',
    );
  }
  const moved = movedVariables(values, id);
  if (moved.size > 0) return moved;
  throw refuse(
    found,
    'no variable of its pods names an archive that could be given another place',
    'Reset it by hand, or set an archive first: the new cluster must not write where an old one has.',
  );
}

/** Of the container that the archive is read by, and of every other that is told the same. */
function variablesOf({ archive, objects }: FoundCluster, moved: ReadonlyMap<string, string>): MovedVariable[] {
  const containers = objects.statefulSet.spec?.template.spec?.containers ?? [];
  return containers.flatMap(({ name: container, env = [] }) =>
    [...moved]
      .filter(([name]) => container === archive?.container.name || env.some((one) => one.name === name))
      .map(([name, value]) => ({ container, name, value })),
  );
}

/** The cluster as its pods will be told. */
function withValues(found: FoundCluster, moved: ReadonlyMap<string, string>): FoundCluster {
  const { archive } = found;
  if (archive === undefined) return found;
  const entries = [...moved].map(
    ([name, value]) => [name, { name, value, secretValue: value, from: 'the plan', problem: undefined }] as const,
  );
  return { ...found, archive: { ...archive, environment: new Map([...archive.environment, ...entries]) } };
}

async function addressOf(api: KubernetesApi, found: FoundCluster, settings: Settings): Promise<string> {
  await using archive = await openArchiveOf(api, found, settings);
  return archive.store.address;
}

/** The new place. @throws {Failure} `refused` if it is the old one, or not empty. */
async function provenEmpty(api: KubernetesApi, found: FoundCluster, settings: Settings, from: string): Promise<string> {
  await using archive = await openArchiveOf(api, found, settings);
  const { address } = archive.store;
  if (address === from) {
    throw refuse(
      found,
      `its archive would stay at ${from}`,
      'Leave --archive out: the archive is moved by the variables of the pods.',
    );
  }
  const { objects, folders } = await archive.store.listFolder('');
  if (objects.length + folders.length === 0) return address;
  throw refuse(found, `there is something at ${address} already`, 'Make the plan again: another place is chosen.');
}

/** Makes the plan, stored in the namespace; nothing else is changed. @throws {Failure} */
export async function planReset(api: KubernetesApi, settings: Settings): Promise<ResetPlan> {
  const id = await newId(api);
  const found = await findCluster(api, clusterChoice(settings));
  const moved = newValues(found, id);
  const from = await addressOf(api, found, settings);
  const to = await provenEmpty(api, withValues(found, moved), settings, from);
  const variables = variablesOf(found, moved);
  return makeResetPlan(api, found, { id, archive: { from, to, variables }, now: new Date() });
}
