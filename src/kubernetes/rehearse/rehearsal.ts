/**
 * Rehearsals in a namespace: the contract between a recovery and the Job that carries its rehearsal.
 *
 * A rehearsal is a Job in the cluster's own image that mounts one claim. In its pod walkback restores, replays to exactly the
 * target and stays there, paused and out of reach, until it is told to finish. Everything that it knows is on the volume and in
 * its log, so that the pod may be evicted, and the caller may be lost: the same calls again go on where it stands.
 *
 * Names are made of the plan's id: Job, NetworkPolicy and new claim are all called `walkback-<id>`; short Jobs and theirs have what they do
 * behind it.
 *
 * @module
 */

import type { V1EnvVar, V1OwnerReference } from '@kubernetes/client-node';

import type { Check, CheckResult } from '../../recovery/checks.ts';
import type { ForwardedPort } from '../api/kubernetes-api.ts';
import type { PersistentVolumeClaim, Pod } from '../api/kubernetes-objects.ts';
import type { VolumePlan } from '../volume/volume-plan.ts';
import type { FinishedVolume, VolumeStatus } from '../volume/volume-status.ts';
import type { VolumeTask, VolumeTaskResult } from '../volume/volume-tasks.ts';

/** What a pod is made of. */
export type PodSpec = NonNullable<Pod['spec']>;

/** The live cluster, as far as a pod must be like its pods. */
export interface LiveShape {
  readonly statefulSet: string;
  /** Of a pod that runs, with all that admission has set; else of the template. */
  readonly podSpec: PodSpec;
  /** The container that runs PostgreSQL: its image, resources and mounts are taken. */
  readonly container: string;
  /** The container whose environment reaches the archive; often the same one. */
  readonly archiveContainer: string;
  /** The claim that holds the data, as it is; and the name of its volume in the pod. */
  readonly claim: PersistentVolumeClaim;
  readonly volume: string;
  /** PGDATA, absolute, as the container sees it. */
  readonly dataDirectory: string;
  /** Where the pod that uses the claim runs. */
  readonly node?: string;
  /** The user that owns the data, where no specification says it (an image that starts as root and changes to another). */
  readonly runAs?: { readonly user: number; readonly group: number };
}

/**
 * How walkback in the pod learns where the archive is. `container`: the environment is Spilo's, and means what it means to
 * `walkback entrypoint`. `settings`: it holds walkback's and WAL-G's own variables.
 */
export type ArchiveEnvironment = 'container' | 'settings';

/** Where the rehearsed data go. */
export type RehearsalPlace =
  /** A claim of its own, that becomes the live one's volume, or is named by another claim template. */
  | {
      readonly kind: 'newClaim';
      /** `walkback-<id>` unless told: the claim template of a recreated StatefulSet says which. */
      readonly name?: string;
      /** At least this; never less than the live claim asks for. */
      readonly leastBytes: bigint;
      readonly labels?: Readonly<Record<string, string>>;
      readonly annotations?: Readonly<Record<string, string>>;
    }
  /** Beside the live data, in `<data directory>.walkback/<id>` of the live claim, on the live pod's node. */
  | { readonly kind: 'inVolume' };

/** Where walkback itself comes from. */
export type WalkbackSource =
  /** The cluster's image is ours. */
  | { readonly kind: 'inImage' }
  /** Copied from our image by an init container. */
  | { readonly kind: 'copied'; readonly image: string; readonly imagePullPolicy?: string }
  /** From nowhere: no pod of ours can be made. */
  | { readonly kind: 'none'; readonly why: string };

/** What to rehearse, and where. */
export interface RehearsalRequest {
  readonly plan: VolumePlan;
  readonly live: LiveShape;
  readonly place: RehearsalPlace;
  readonly walkback: WalkbackSource;
  readonly archive: ArchiveEnvironment;
  /** Variables on top of the live container's; never a secret's value. */
  readonly variables?: readonly V1EnvVar[];
  /** Listens on the pod's loopback, so that a forwarded port reaches it. */
  readonly listens: boolean;
  /** The journal's object: Job and NetworkPolicy go when that goes. The claim never does. */
  readonly owner?: V1OwnerReference;
}

/** A rehearsal that was started: enough to find it again. */
export interface RehearsalRef {
  readonly id: string;
  readonly job: string;
  readonly claim: string;
  /** The claim's, so that no other claim of that name is ever removed. */
  readonly claimUid: string;
  readonly place: RehearsalPlace['kind'];
}

/** What there is of a rehearsal whose start was not seen to its end. */
export interface RehearsalFound {
  /** Without a claim of this recovery, `claimUid` is empty. */
  readonly ref: RehearsalRef;
  /** It is made last: without it nothing has been restored. */
  readonly hasJob: boolean;
}

/** Why a pod does not come up, from its status and the events of it. */
export interface PodTrouble {
  readonly message: string;
  readonly remedy: string;
  /** It does not pass by itself: an image that is not there, a quota that refuses. */
  readonly isFinal: boolean;
}

/** What a watcher is told. */
export interface RehearsalSight {
  /** The pod's last line; `undefined` before there is one. */
  readonly status: VolumeStatus | undefined;
  /** The newest; `undefined` while there is none. */
  readonly pod: string | undefined;
  readonly isRunning: boolean;
  readonly trouble: PodTrouble | undefined;
}

/** Told of every change. */
export type OnSight = (sight: RehearsalSight) => void;

/** How a call is watched and given up. Giving up leaves the pod as it is. */
export interface RehearsalWatch {
  readonly onSight?: OnSight;
  readonly signal?: AbortSignal;
}

/** Checks of a standing rehearsal. */
export interface RehearsalChecks {
  /** Statements and pgTAP files; they reach the pod by standard input. */
  readonly checks: readonly Check[];
  readonly database: string;
  /** On a promoted copy that is thrown away: needs room for one. */
  readonly isWritable: boolean;
}

/** One short Job: where, and what. */
export interface VolumeTasksRequest extends Pick<
  RehearsalRequest,
  'live' | 'walkback' | 'archive' | 'variables' | 'owner'
> {
  /** Of the Job: `walkback-<name>`; the same name is the same Job. */
  readonly name: string;
  /** The claim to mount, where it is not the live one. */
  readonly claim?: string;
  /** The node of a pod that has it mounted, where the claim is not the live one. */
  readonly node?: string;
  readonly tasks: readonly VolumeTask[];
  /** For `reopen`: whose passwords are set, and by which superuser. */
  readonly roles?: VolumePlan['roles'];
  readonly user?: string;
}

/** Rehearsals of one namespace. Every call may be made again after it was interrupted anywhere. */
export interface Rehearsals {
  /** Makes claim, NetworkPolicy and Job; what is there already is left, if it is of this plan. @throws {Failure} `refused`, `denied`, `conflict`. */
  start(request: RehearsalRequest): Promise<RehearsalRef>;
  /** Looks what of it is there, and makes nothing: what refuses its start would refuse that too. @throws {Failure} `conflict` if its name is of something else. */
  find(wanted: Pick<RehearsalRef, 'id' | 'claim' | 'place'>): Promise<RehearsalFound>;
  /**
   * Where its Job is not there any more, or was given up: makes another on the same claim, and waits until that can be asked.
   * @throws {Failure} `failed` if its claim is not there, or with what keeps its pod from coming up.
   */
  goOn(ref: RehearsalRef, request: RehearsalRequest, watch: RehearsalWatch): Promise<void>;
  /** As it is now. */
  look(ref: RehearsalRef): Promise<RehearsalSight>;
  /** Waits until it stands at its target. @throws {Failure} what its pod says, or why there is none. */
  untilStanding(ref: RehearsalRef, watch: RehearsalWatch): Promise<VolumeStatus>;
  /** @throws {Failure} `refused` if it does not stand. A failed check is a result. */
  check(ref: RehearsalRef, checks: RehearsalChecks, watch: RehearsalWatch): Promise<readonly CheckResult[]>;
  /** Moves it to the later target of `plan`, which has the same id, backup and timeline. */
  step(ref: RehearsalRef, plan: VolumePlan, watch: RehearsalWatch): Promise<VolumeStatus>;
  /** Only where it listens. */
  openPort(ref: RehearsalRef): Promise<ForwardedPort>;
  /**
   * Only once the live server has stopped and its last WAL is archived: reserves a number, opens it, proves where recovery had
   * stopped, sets passwords, shuts down cleanly, and, on a claim of its own, puts the data at PGDATA. Its Job completes.
   */
  finish(ref: RehearsalRef, watch: RehearsalWatch): Promise<FinishedVolume>;
  /** Removes Job and NetworkPolicy and waits until no pod uses the claim. The claim and what is on it stay. */
  end(ref: RehearsalRef, watch: RehearsalWatch): Promise<void>;
  /**
   * `end`, and what was rehearsed is removed: the new claim, or the data in the live one. Refused once it was swapped in.
   * @param request what the Job in the live claim is like; for a new one none is needed.
   */
  discard(ref: RehearsalRef, request: RehearsalRequest | undefined, watch: RehearsalWatch): Promise<void>;
  /** Runs a short Job with its NetworkPolicy, waits for it, and removes both. @throws {Failure} what a task says. */
  run(request: VolumeTasksRequest, watch: RehearsalWatch): Promise<readonly VolumeTaskResult[]>;
  /**
   * Removes such a Job of an earlier run, and waits until no pod of it is there. One that is left does its work whenever a pod of it
   * can start, as when a quota is lifted, whatever has been done meanwhile.
   */
  endRun(name: VolumeTasksRequest['name'], watch: RehearsalWatch): Promise<void>;
}
