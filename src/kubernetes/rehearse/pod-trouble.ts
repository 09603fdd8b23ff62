/**
 * Why a pod of ours does not come up, in plain words: pure, from its status and from the events of it, its Job and its claim.
 *
 * @module
 */

import { CAUSE_CODES } from '../../base/exit-codes.ts';
import type { Event, Job, PersistentVolumeClaim, Pod } from '../api/kubernetes-objects.ts';
import type { PodTrouble } from './rehearsal.ts';

/** What was looked at. Events that may not be read are none. */
export interface PodFacts {
  readonly job: Job | undefined;
  readonly pod: Pod | undefined;
  readonly claim: PersistentVolumeClaim | undefined;
  readonly events: readonly Event[];
}

type ContainerStatus = NonNullable<NonNullable<Pod['status']>['containerStatuses']>[number];

function trouble(message: string, remedy: string, isFinal: boolean): PodTrouble {
  return { message, remedy, isFinal };
}

/** The newest event about an object, by its reason. */
function lastEvent(events: readonly Event[], kind: string, reasons: readonly string[]): Event | undefined {
  const at = (event: Event): string =>
    event.series?.lastObservedTime ?? event.lastTimestamp ?? event.eventTime ?? event.metadata.creationTimestamp ?? '';
  return events
    .filter(({ involvedObject, reason = '' }) => involvedObject.kind === kind && reasons.includes(reason))
    .toSorted((a, b) => (at(a) < at(b) ? -1 : 1))
    .at(-1);
}

/** Refused before there was a pod: by a quota, by Pod Security, by OpenShift's constraints. */
function jobTrouble({ job, events }: PodFacts): PodTrouble | undefined {
  const failed = job?.status?.conditions?.find(({ type, status }) => type === 'Failed' && status === 'True');
  if (failed !== undefined) {
    return trouble(
      `the Job ${job?.metadata?.name ?? ''} was given up: ${failed.message ?? failed.reason ?? 'no reason is told'}`,
      'Look at its pods: kubectl describe job. The same command again makes another, which goes on where it stood.',
      true,
    );
  }
  const refused = lastEvent(events, 'Job', ['FailedCreate'])?.message;
  if (refused === undefined) return undefined;
  if (/exceeded quota/.test(refused)) {
    return trouble(
      `the namespace's quota does not allow the pod: ${refused}`,
      'Free what the quota counts, or have it raised; the Job tries again by itself.',
      true,
    );
  }
  if (/violates PodSecurity|security context constraint/.test(refused)) {
    return trouble(
      `the namespace does not allow the pod: ${refused}`,
      'The pods of the cluster must be allowed as they are: its user and groups are theirs. Ask who administers the namespace.',
      true,
    );
  }
  return trouble(`no pod can be made: ${refused}`, 'Correct what it says; the Job tries again by itself.', true);
}

function claimTrouble({ claim, events }: PodFacts): PodTrouble | undefined {
  if (claim === undefined || claim.status?.phase !== 'Pending') return undefined;
  const name = claim.metadata?.name ?? '';
  const failed = lastEvent(events, 'PersistentVolumeClaim', ['ProvisioningFailed'])?.message;
  const storageClass = claim.spec?.storageClassName ?? 'the default class';
  if (failed !== undefined) {
    return trouble(
      `no volume can be had for claim ${name} (${storageClass}): ${failed}`,
      'Look at the storage class and at the room that is left there; the volume is tried again by itself.',
      false,
    );
  }
  return trouble(
    `claim ${name} waits for a volume of ${storageClass}`,
    'If it stays so, whatever makes volumes of this class does not answer: ask who administers the cluster.',
    false,
  );
}

function scheduleTrouble(facts: PodFacts): PodTrouble | undefined {
  const { pod, events } = facts;
  const condition = pod?.status?.conditions?.find(({ type, status }) => type === 'PodScheduled' && status === 'False');
  if (condition === undefined) return undefined;
  const why = condition.message ?? lastEvent(events, 'Pod', ['FailedScheduling'])?.message ?? 'no reason is told';
  if (/unbound immediate PersistentVolumeClaims/.test(why)) return claimTrouble(facts);
  const remedy = /Insufficient/.test(why)
    ? 'Free memory or processors of a node, or give the cluster’s container smaller requests; a rehearsal has the same.'
    : 'Look at the nodes, their taints, and where the volume can be used from.';
  return trouble(`no node takes the pod ${pod?.metadata?.name ?? ''}: ${why}`, remedy, false);
}

const IMAGE_REASONS = new Set(['ErrImagePull', 'ImagePullBackOff', 'InvalidImageName', 'ErrImageNeverPull']);
const CONFIG_REASONS = new Set(['CreateContainerConfigError', 'CreateContainerError', 'RunContainerError']);

function containerTrouble({ name, image, state, lastState, restartCount }: ContainerStatus): PodTrouble | undefined {
  const { reason = '', message = '' } = state?.waiting ?? {};
  if (IMAGE_REASONS.has(reason)) {
    return trouble(
      `the image ${image} of container ${name} cannot be had (${reason}): ${message}`,
      'Correct its name, or let the namespace pull it (imagePullSecrets); a registry that was away is tried again by itself.',
      true,
    );
  }
  if (CONFIG_REASONS.has(reason)) {
    const remedy = /runAsNonRoot|non-numeric user/.test(message)
      ? 'Set runAsUser in the StatefulSet’s securityContext to the user that owns the data.'
      : 'Correct what it says: a Secret or ConfigMap that the cluster’s pods name is missing, or has not that key.';
    return trouble(`container ${name} cannot be started (${reason}): ${message}`, remedy, true);
  }
  const ended = state?.terminated ?? lastState?.terminated;
  if (ended === undefined || ended.exitCode === 0) return undefined;
  if (ended.reason === 'OOMKilled') {
    return trouble(
      `container ${name} was killed for its memory, ${restartCount} times so far`,
      'It goes on by itself. If it is killed again and again, give the cluster’s container a larger memory limit.',
      false,
    );
  }
  const isUsage = ended.exitCode === CAUSE_CODES.usage;
  return trouble(
    `container ${name} has ended with ${ended.exitCode}${ended.message === undefined ? '' : `: ${ended.message.trim()}`}`,
    isUsage
      ? 'What it was told is wrong for it, however often it is started: correct what it says.'
      : 'It is started again by itself, and goes on where it stood.',
    isUsage,
  );
}

function mountTrouble({ pod, events }: PodFacts): PodTrouble | undefined {
  const isWaiting = pod?.status?.phase === 'Pending';
  const message = isWaiting ? lastEvent(events, 'Pod', ['FailedMount', 'FailedAttachVolume'])?.message : undefined;
  if (message === undefined) return undefined;
  const remedy = /Multi-Attach/.test(message)
    ? 'The volume is attached to another node: it is let go when the pod there has ended.'
    : 'Look at the Secrets that it names, and at the volume.';
  return trouble(`the volumes of pod ${pod?.metadata?.name ?? ''} cannot be mounted: ${message}`, remedy, false);
}

/** `undefined`: it comes up, or runs. */
export function podTrouble(facts: PodFacts): PodTrouble | undefined {
  const { pod } = facts;
  const ofJob = jobTrouble(facts);
  if (pod === undefined) return ofJob;
  if (pod.status?.phase === 'Failed') {
    const { reason, message } = pod.status;
    if (reason === 'Evicted' || reason === 'NodeLost' || reason === 'Preempting') {
      return trouble(
        `pod ${pod.metadata?.name ?? ''} was ended by its node (${reason}): ${message ?? ''}`,
        'Another one goes on where it stood, by itself.',
        false,
      );
    }
  }
  const statuses = [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])];
  const ofContainers = statuses.map(containerTrouble).find((one) => one !== undefined);
  const isGivenUp = ofJob?.isFinal === true && pod.status?.phase !== 'Running';
  return (isGivenUp ? ofJob : undefined) ?? scheduleTrouble(facts) ?? ofContainers ?? mountTrouble(facts);
}
