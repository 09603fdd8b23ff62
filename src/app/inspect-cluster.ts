/**
 * What there is of a cluster in a namespace, what can be recovered, and what is wrong already. Everything here only reads.
 *
 * @module
 */

import { isFailure, type Failure } from '../base/failure.ts';
import type { Settings } from '../config/load-settings.ts';
import type { KubernetesApi, WhereWeAre } from '../kubernetes/api/kubernetes-api.ts';
import { findCluster } from '../kubernetes/find/find-cluster.ts';
import type { KubernetesCluster } from '../kubernetes/find/kubernetes-cluster.ts';
import { problemsOf, type Problem } from '../kubernetes/find/problems.ts';
import { reviewRights, type WayRights } from '../kubernetes/find/review-rights.ts';
import { archiveProblems } from './archive-problems.ts';
import { openArchive } from './open-archive.ts';
import { clusterChoice, openNamespace } from './open-namespace.ts';
import { podArchiveSettings } from './pod-archive.ts';
import { placeProblems } from './place-problems.ts';
import { readArchiveWindows, type ArchiveWindows } from './read-archive-windows.ts';

/** All of it. */
export interface InspectedCluster {
  readonly where: WhereWeAre;
  readonly cluster: KubernetesCluster;
  /** What its archive can take it back to, read with the pods' own credentials; or why that cannot be told. */
  readonly archive: ArchiveWindows | Failure;
  /** The rights that this user has for each way of a recovery. */
  readonly ways: readonly WayRights[];
  /** The worst first. */
  readonly problems: readonly Problem[];
}

async function readArchive(
  api: KubernetesApi,
  found: Awaited<ReturnType<typeof findCluster>>,
  settings: Settings,
  signal: AbortSignal,
): Promise<ArchiveWindows | Failure> {
  try {
    await using opened = await podArchiveSettings(api, found, settings);
    await using archive = await openArchive(opened.settings);
    return await readArchiveWindows(opened.settings, archive, signal);
  } catch (error) {
    signal.throwIfAborted();
    if (isFailure(error)) return error;
    throw error;
  }
}

/** Looks. @throws {Failure} if the namespace cannot be asked, or names no cluster. */
export async function inspectCluster(settings: Settings, signal: AbortSignal): Promise<InspectedCluster> {
  await using api = await openNamespace(settings);
  const found = await findCluster(api, clusterChoice(settings));
  const { cluster } = found;
  const [archive, ways] = await Promise.all([readArchive(api, found, settings, signal), reviewRights(api, cluster)]);
  const backupDueMs = settings.get('backupDue');
  const nowUs = BigInt(Date.now()) * 1000n;
  const problems = [
    ...problemsOf(cluster),
    ...archiveProblems(cluster, archive, { nowUs, backupDueMs }),
    ...placeProblems(found, archive),
  ];
  const inOrder = [
    ...problems.filter(({ level }) => level === 'act'),
    ...problems.filter(({ level }) => level === 'look'),
  ];
  return { where: api.where, cluster, archive, ways, problems: inOrder };
}
