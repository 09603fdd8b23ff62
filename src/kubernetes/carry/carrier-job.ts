/**
 * The Job that carries out a recovery in its namespace, so that no terminal has to stay: a value, made of the stored plan.
 *
 * Its pod is walkback's own image with a ServiceAccount that has the rights of a recovery. Nothing secret is in it: what it works
 * with it reads as a terminal does, from the plan's ConfigMap and by the pods' own references.
 *
 * A pod that dies is followed by another one, which goes on where the journal ends; what somebody must decide ends the Job.
 *
 * @module
 */

import { CAUSE_CODES } from '../../base/exit-codes.ts';
import { Failure } from '../../base/failure.ts';
import type { Job } from '../api/kubernetes-objects.ts';
import type { NamespacePlan } from '../recover/plan-value.ts';
import { containerOf, containerSecurity, likeLive, podSecurity } from '../rehearse/pod-template.ts';
import type { LiveShape, PodSpec } from '../rehearse/rehearsal.ts';
import { labelsOf, objectName } from '../rehearse/rehearsal-names.ts';

/** What is carried out. */
export const CARRIED_WORK = ['run', 'undo', 'release'] as const;
/** What is carried out: to its end, back, or for good. */
export type CarriedWork = (typeof CARRIED_WORK)[number];

/** Which work, as whom. */
export interface CarrierRequest {
  readonly plan: NamespacePlan;
  /** The cluster's pods as they are now: a plan has no values. */
  readonly live: LiveShape;
  readonly work: CarriedWork;
  /** The ServiceAccount. */
  readonly account: string;
  /** The journal's object: the Job goes when that goes. */
  readonly owner: { readonly apiVersion: string; readonly kind: string; readonly name: string; readonly uid: string };
  /** Flags of settings that the caller has set and the pod cannot know: `--archive-timeout=60s`. */
  readonly flags: readonly string[];
}

/** Its container. */
export const CARRIER_CONTAINER = 'walkback';
/** On the Job: which work. */
export const WORK_ANNOTATION = 'walkback/work';

/** The Job's name. */
export function carrierName(id: string): string {
  return `${objectName(id)}-in-cluster`;
}

/** Failures that another attempt does not mend. The others are an API that is away, and a Lease that somebody still has. */
const FINAL_CODES = (['usage', 'corrupt', 'bug', 'failed', 'notInArchive', 'denied', 'refused'] as const).map(
  (kind) => CAUSE_CODES[kind],
);

/** With pauses that double from 10 s on: about ten minutes. */
const MOST_ATTEMPTS = 6;
const KEPT_SECONDS = 7 * 86_400;
/** A step that was begun is ended before the pod goes. */
const GRACE_SECONDS = 300;

/** How the cluster's own pods go to the archive; the rest of their environment is read through the API. */
const NETWORK_VARIABLES: ReadonlySet<string> = new Set([
  'HTTPS_PROXY',
  'https_proxy',
  'HTTP_PROXY',
  'http_proxy',
  'NO_PROXY',
  'no_proxy',
]);

const RESOURCES = { requests: { cpu: '100m', memory: '256Mi' }, limits: { memory: '1Gi' } };

/** An image that has walkback. @throws {Failure} `refused` if none is known. */
function imageOf({ plan, live }: CarrierRequest): Pick<PodSpec['containers'][number], 'image' | 'imagePullPolicy'> {
  const { walkback } = plan.swap;
  if (walkback.kind === 'none') {
    throw new Failure('refused', {
      message: `cannot carry out recovery ${plan.recovery.id} in the cluster: ${walkback.why}`,
      remedy: 'Plan again with --walkback-image NAME, or run it from here, without --in-cluster.',
    });
  }
  const { image, imagePullPolicy } = walkback.kind === 'copied' ? walkback : containerOf(live, live.container);
  return {
    ...(image === undefined ? {} : { image }),
    ...(imagePullPolicy === undefined ? {} : { imagePullPolicy }),
  };
}

function podSpecOf(request: CarrierRequest): PodSpec {
  const { plan, live, work, account, flags } = request;
  const { namespace, statefulSet } = plan.swap;
  const server = containerOf(live, live.container);
  const archive = containerOf(live, live.archiveContainer);
  return {
    ...likeLive(live),
    serviceAccountName: account,
    automountServiceAccountToken: true,
    enableServiceLinks: false,
    restartPolicy: 'Never',
    terminationGracePeriodSeconds: GRACE_SECONDS,
    securityContext: podSecurity(live, server),
    containers: [
      {
        name: CARRIER_CONTAINER,
        ...imageOf(request),
        command: [
          'walkback',
          'recover',
          'carry',
          plan.recovery.id,
          `--work=${work}`,
          `--namespace=${namespace}`,
          `--statefulset=${statefulSet.name}`,
          ...flags,
          '--json',
        ],
        env: [
          { name: 'HOME', value: '/tmp' },
          // The directory that the image's entrypoint writes for itself is not there.
          { name: 'WALKBACK_ENV_DIR', value: '' },
          ...(archive.env ?? []).filter(({ name }) => NETWORK_VARIABLES.has(name)),
        ],
        resources: RESOURCES,
        securityContext: { ...containerSecurity(server), readOnlyRootFilesystem: true },
        terminationMessagePolicy: 'FallbackToLogsOnError',
        volumeMounts: [{ name: 'tmp', mountPath: '/tmp' }],
      },
    ],
    volumes: [{ name: 'tmp', emptyDir: {} }],
  };
}

/** The Job. @throws {Failure} `refused` if the plan's cluster has no such container. */
export function carrierJob(request: CarrierRequest): Job {
  const { plan, work, owner } = request;
  const { id } = plan.recovery;
  const labels = { ...labelsOf(id), 'walkback/part': 'in-cluster' };
  const annotations = { 'sidecar.istio.io/inject': 'false', [WORK_ANNOTATION]: work };
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: carrierName(id), labels, annotations, ownerReferences: [owner] },
    spec: {
      backoffLimit: MOST_ATTEMPTS,
      completions: 1,
      parallelism: 1,
      ttlSecondsAfterFinished: KEPT_SECONDS,
      // Two never work at once, and the next one need not wait for a Lease that is still held.
      podReplacementPolicy: 'Failed',
      podFailurePolicy: {
        rules: [
          { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
          { action: 'FailJob', onExitCodes: { operator: 'In', values: FINAL_CODES } },
        ],
      },
      template: { metadata: { labels, annotations }, spec: podSpecOf(request) },
    },
  };
}
