/**
 * What is wrong with the archive of a cluster in a namespace. Pure.
 *
 * @module
 */

import { isFailure, type Failure } from '../base/failure.ts';
import type { KubernetesCluster } from '../kubernetes/find/kubernetes-cluster.ts';
import type { Problem } from '../kubernetes/find/problems.ts';
import type { ArchiveWindows } from './read-archive-windows.ts';

/** By what it is judged. */
export interface ArchiveLimits {
  readonly nowUs: bigint;
  readonly backupDueMs: number;
}

/** Names that only the cluster's own pods can resolve. */
const INSIDE = /\.svc(?:\.|[/:\s]|$)|\.cluster\.local|getaddrinfo|ENOTFOUND/;

function unreadable(failure: Failure): Problem {
  const text = failure.message;
  const isNone = failure.kind === 'notInArchive';
  const isInside = failure.kind === 'unavailable' && INSIDE.test(`${text} ${failure.facts.join(' ')}`);
  return {
    topic: 'archive',
    level: 'act',
    text: isNone ? `${text}: nothing can be recovered` : text,
    remedy: isInside
      ? 'Its server is known inside of the cluster only, as it seems. Run walkback in a pod, or name a way to it with --archive.'
      : failure.remedy,
  };
}

function backupProblems({ backups, broken }: ArchiveWindows, { nowUs, backupDueMs }: ArchiveLimits): Problem[] {
  const remedy = 'Take one: walkback backup take, in the container of the database.';
  const bad = broken.map(({ name }): Problem => ({
    topic: 'backups',
    level: 'look',
    text: `backup ${name} cannot be read`,
    remedy: 'walkback verify',
  }));
  const newest = Math.max(...backups.map(({ finishedAt }) => finishedAt.getTime()));
  if (backups.length === 0) {
    return [{ topic: 'backups', level: 'act', text: 'there is no backup: nothing can be recovered', remedy }, ...bad];
  }
  const ageMs = Number(nowUs / 1000n) - newest;
  if (ageMs <= backupDueMs) return bad;
  const hours = Math.floor(ageMs / 3_600_000);
  const text = `the last backup is ${hours < 72 ? `${hours} hours` : `${Math.floor(hours / 24)} days`} old`;
  return [{ topic: 'backups', level: 'look', text, remedy }, ...bad];
}

/** An archive that another cluster writes to, or wrote to before this one. */
function foreignProblems(cluster: KubernetesCluster, { systemIdentifier, address }: ArchiveWindows): Problem[] {
  const own = cluster.patroni?.initialize;
  if (own === undefined || own === '' || own === systemIdentifier.toString()) return [];
  return [
    {
      topic: 'archive',
      level: 'act',
      text: `${address} holds the WAL of another cluster: system ${systemIdentifier}, and this one is ${own}`,
      remedy: 'Give this cluster an archive of its own, and take a backup into it; leave the other as it is.',
    },
  ];
}

function holeProblems({ timelines }: ArchiveWindows): Problem[] {
  const holes = timelines.flatMap((timeline) => timeline.holes);
  if (holes.length === 0) return [];
  const [first] = holes;
  return [
    {
      topic: 'archive',
      level: 'look',
      text: `${holes.length} ${holes.length === 1 ? 'hole' : 'holes'} in the WAL, the first at ${first?.firstMissing ?? ''}: what lies in it cannot be reached`,
      remedy: 'walkback window',
    },
  ];
}

/** A location that says nothing of the cluster is shared by accident as soon as there is a second one. */
function sharedProblems(cluster: KubernetesCluster, { address }: ArchiveWindows): Problem[] {
  const own = [cluster.patroni?.scope, cluster.name, cluster.where.namespace].filter((name) => name !== undefined);
  if (own.some((name) => name !== '' && address.includes(name))) return [];
  return [
    {
      topic: 'archive',
      level: 'look',
      text: `${address} names neither the cluster nor its namespace: a second cluster with these values would write into the same archive`,
      remedy: 'Give it a folder of its own in the chart’s values when it gets a new archive the next time.',
    },
  ];
}

/** All that is wrong with it. */
export function archiveProblems(
  cluster: KubernetesCluster,
  archive: ArchiveWindows | Failure,
  limits: ArchiveLimits,
): readonly Problem[] {
  if (isFailure(archive)) return [unreadable(archive)];
  return [
    ...foreignProblems(cluster, archive),
    ...backupProblems(archive, limits),
    ...holeProblems(archive),
    ...sharedProblems(cluster, archive),
  ];
}
