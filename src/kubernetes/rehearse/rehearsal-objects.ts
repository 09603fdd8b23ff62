/**
 * The objects of a rehearsal: values, made of the request alone.
 *
 * @module
 */

import { Failure } from '../../base/failure.ts';
import type { Job, PersistentVolumeClaim } from '../api/kubernetes-objects.ts';
import { volumePlanText } from '../volume/volume-plan.ts';
import { claimSpecLike } from './claim-spec.ts';
import { placeTrouble } from './data-mount.ts';
import { podTemplate } from './pod-template.ts';
import type { RehearsalRequest, VolumeTasksRequest } from './rehearsal.ts';
import {
  ASK_ANNOTATION,
  HOLDS_ANNOTATION,
  labelsOf,
  objectName,
  PLAN_ANNOTATION,
  podLabels,
} from './rehearsal-names.ts';

/** Evictions and lost nodes are no reason to give a rehearsal up. */
const MOST_PODS = 1000;
const PLAN_VOLUME = 'walkback-plan';
const PLAN_FOLDER = '/walkback-plan';

/** What is made, in this order; before both the Job's policy: nobody may reach the pod, also not in its first second. */
export interface RehearsalObjects {
  /** `undefined` in the live volume. */
  readonly claim: PersistentVolumeClaim | undefined;
  readonly job: Job;
}

/** The claim that the rehearsal is on. */
export function claimName({ plan, place, live }: RehearsalRequest): string {
  if (place.kind === 'inVolume') return live.claim.metadata?.name ?? '';
  return place.name ?? objectName(plan.id);
}

function ownersOf({ owner }: Pick<RehearsalRequest, 'owner'>) {
  return owner === undefined ? {} : { ownerReferences: [owner] };
}

/** No owner: it goes only when it is named. */
function claimOf(request: RehearsalRequest): PersistentVolumeClaim | undefined {
  const { plan, live, place } = request;
  if (place.kind === 'inVolume') return undefined;
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: {
      name: claimName(request),
      labels: { ...place.labels, ...labelsOf(plan.id) },
      annotations: {
        ...place.annotations,
        [HOLDS_ANNOTATION]: `rehearsal ${plan.id} of ${live.statefulSet}: ${plan.target.asked}`,
      },
    },
    spec: claimSpecLike(live.claim, place.leastBytes),
  };
}

/** @throws {Failure} `refused` for what can be known before anything is made. */
function checkPlace({ plan, live, place }: RehearsalRequest): void {
  const trouble = placeTrouble(live, plan.backup.tablespaces.length);
  if (trouble !== undefined) {
    const { found, remedy } = trouble;
    throw new Failure('refused', { message: `cannot rehearse ${live.statefulSet}: ${found}`, remedy });
  }
  const modes = live.claim.spec?.accessModes ?? [];
  if (place.kind === 'inVolume' && modes.every((mode) => mode === 'ReadWriteOncePod')) {
    throw new Failure('refused', {
      message: `cannot rehearse in the volume of ${live.statefulSet}: its claim ${live.claim.metadata?.name ?? ''} may be used by one pod alone (ReadWriteOncePod)`,
      remedy: 'Rehearse on a claim of its own.',
    });
  }
}

/** The objects. @throws {Failure} `refused` if the pod could not see the data, or nothing can be put beside them. */
export function rehearsalObjects(request: RehearsalRequest): RehearsalObjects {
  checkPlace(request);
  const { plan, live, place, walkback, archive, variables = [] } = request;
  const isBeside = place.kind === 'inVolume';
  const template = podTemplate({
    id: plan.id,
    part: 'rehearsal',
    live,
    walkback,
    archive,
    variables,
    claim: claimName(request),
    arguments: ({ dataDirectory }) => [
      'rehearse',
      `--data-directory=${dataDirectory}`,
      `--plan=${PLAN_FOLDER}/plan.json`,
      `--place=${isBeside ? 'in-volume' : 'new-claim'}`,
      ...(request.listens ? ['--listen'] : []),
    ],
    annotations: (program, { dataDirectory }) => ({
      [PLAN_ANNOTATION]: volumePlanText(plan),
      [ASK_ANNOTATION]: JSON.stringify([...program, 'volume', 'ask', plan.id, `--data-directory=${dataDirectory}`]),
    }),
    restartPolicy: 'OnFailure',
    node: isBeside ? 'required' : 'any',
    volumes: [
      {
        name: PLAN_VOLUME,
        downwardAPI: {
          items: [{ path: 'plan.json', fieldRef: { fieldPath: `metadata.annotations['${PLAN_ANNOTATION}']` } }],
        },
      },
    ],
    mounts: [{ name: PLAN_VOLUME, mountPath: PLAN_FOLDER, readOnly: true }],
  });
  return {
    claim: claimOf(request),
    job: {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name: objectName(plan.id), labels: podLabels(plan.id, 'rehearsal'), ...ownersOf(request) },
      spec: {
        backoffLimit: MOST_PODS,
        completions: 1,
        parallelism: 1,
        // The next one mounts the volume when the last one has let it go.
        podReplacementPolicy: 'Failed',
        template,
      },
    },
  };
}

/** Exit codes of failures that do not pass by themselves: `src/base/exit-codes.ts`. */
const FINAL_CODES = [64, 65, 74, 77, 80, 81];

/** Two renames. One that could not begin in this time, with nobody left who waits for it, must not come upon a server later. */
const SWAP_DEADLINE_S = 900;
/** A look that a plan waits for. */
const PROBE_DEADLINE_S = 180;
/** Where whoever waited is gone, nobody knows its name; and its pod would be waited for as one that uses the volume. */
const PROBE_KEPT_S = 120;

function deadlineOf(
  tasks: VolumeTasksRequest['tasks'],
): Pick<NonNullable<Job['spec']>, 'activeDeadlineSeconds' | 'ttlSecondsAfterFinished'> {
  if (tasks.some((task) => task.do === 'swap')) return { activeDeadlineSeconds: SWAP_DEADLINE_S };
  const isProbe = tasks.every((task) => task.do === 'probe');
  return isProbe ? { activeDeadlineSeconds: PROBE_DEADLINE_S, ttlSecondsAfterFinished: PROBE_KEPT_S } : {};
}

/**
 * How often it is tried again, after 10 s, 20 s, 40 s and so on. Data that do not open do not open later either, and the cluster is down
 * while they are tried: whoever waits is to hear of it within a minute.
 */
function retriesOf(tasks: VolumeTasksRequest['tasks']): number {
  return tasks.some((task) => task.do === 'reopen') ? 2 : 6;
}

/** The Job of work on a volume. Its name is the caller's, so that the same work is the same Job. */
export function tasksJob(request: VolumeTasksRequest): Job {
  const { name, node, walkback, archive, variables = [], tasks, roles, user } = request;
  const id = /^[0-9a-f]+/.exec(name)?.[0] ?? name;
  const live = node === undefined ? request.live : { ...request.live, node };
  const work = { tasks, ...(roles === undefined ? {} : { roles }), ...(user === undefined ? {} : { user }) };
  const template = podTemplate({
    id,
    part: 'volume',
    live,
    walkback,
    archive,
    variables,
    claim: request.claim ?? live.claim.metadata?.name ?? '',
    arguments: ({ dataDirectory }) => [
      'run',
      `--data-directory=${dataDirectory}`,
      `--tasks=${JSON.stringify(work)}`,
      '--json',
    ],
    annotations: () => ({}),
    restartPolicy: 'Never',
    node: request.claim === undefined || node !== undefined ? 'preferred' : 'any',
  });
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: objectName(name), labels: podLabels(id, 'volume'), ...ownersOf(request) },
    spec: {
      ...deadlineOf(tasks),
      backoffLimit: retriesOf(tasks),
      completions: 1,
      parallelism: 1,
      podReplacementPolicy: 'Failed',
      podFailurePolicy: {
        rules: [
          { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
          { action: 'FailJob', onExitCodes: { operator: 'In', values: FINAL_CODES } },
        ],
      },
      template,
    },
  };
}
