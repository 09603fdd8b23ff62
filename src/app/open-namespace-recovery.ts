/**
 * From settings to what a recovery in a namespace works with.
 *
 * @module
 */

import { Failure } from '../base/failure.ts';
import type { Settings } from '../config/load-settings.ts';
import { findCluster, type FoundCluster } from '../kubernetes/find/find-cluster.ts';
import { subjectOf } from '../kubernetes/recover/subject-of.ts';
import type { Subject } from '../kubernetes/recover/subject.ts';
import { superuserPasswordOf } from '../kubernetes/recover/superuser.ts';
import { rehearsalsIn } from '../kubernetes/rehearse/rehearsals-in.ts';
import type { ResetPlan } from '../kubernetes/reset/plan-value.ts';
import type { ResetUses } from '../kubernetes/reset/context.ts';
import { openArchive, type Archive } from './open-archive.ts';
import { clusterChoice, openNamespace } from './open-namespace.ts';
import { openPodPatroni } from './pod-patroni.ts';
import type { RecoveryRun } from './open-recovery-uses.ts';
import { openArchiveNow, planReset } from './plan-reset.ts';

/** A namespace that is worked in. */
export interface OpenNamespace extends AsyncDisposable {
  readonly uses: ResetUses;
  /** The cluster that the settings name, as it is now. */
  readonly subject: () => Promise<Subject>;
  /** Plans its reset. */
  readonly planReset: () => Promise<ResetPlan>;
  /** The name of its StatefulSet. */
  readonly statefulSet: () => Promise<string>;
}

/** Another location, with the same credentials. @throws {Failure} `usage` if the settings insist on one. */
async function archiveAt(settings: Settings, address: string): Promise<Archive> {
  const there = settings.withEnvironment({ WALKBACK_ARCHIVE: address }, (name) => name !== 'archive');
  const archive = await openArchive(there);
  if (archive.store.address === address) return archive;
  await archive[Symbol.asyncDispose]();
  throw new Failure('usage', {
    message: `cannot reach ${address}: the archive ${archive.store.address} is named on the command line`,
    remedy: 'Leave --archive out: where it is, the pods say.',
  });
}

/**
 * Opens it.
 *
 * @param actAs whom to act as in place of what the settings say.
 * @throws {Failure} `usage` if the settings name no cluster, `refused` if that has no archive.
 */
export async function openNamespaceRecovery(
  settings: Settings,
  run: RecoveryRun,
  actAs?: string,
): Promise<OpenNamespace> {
  const archive = await openArchive(settings);
  const api = await openNamespace(settings, undefined, actAs);
  let found: Promise<FoundCluster> | undefined;
  // Once: it reads much, and what changes is read again by the steps.
  const find = async (): Promise<FoundCluster> => (found ??= findCluster(api, clusterChoice(settings)));
  const uses: ResetUses = {
    api,
    rehearsals: rehearsalsIn(api),
    store: archive.store,
    archiveAt: async (address) => archiveAt(settings, address),
    archiveNow: async () => openArchiveNow(api, settings),
    superuserPassword: async () => superuserPasswordOf(await find()),
    patroniOf: async (pod) => openPodPatroni(api, pod, await find()),
    nowUs: () => BigInt(Date.now()) * 1000n,
    onProgress: run.onProgress,
    signal: run.signal,
    archiveTimeoutMs: settings.get('archiveTimeout'),
  };
  return {
    uses,
    subject: async () => subjectOf(api, await find(), settings.get('walkbackImage')),
    planReset: async () => planReset(api, settings),
    statefulSet: async () => (await find()).cluster.name,
    [Symbol.asyncDispose]: async () => {
      await api[Symbol.asyncDispose]();
      await archive[Symbol.asyncDispose]();
    },
  };
}
