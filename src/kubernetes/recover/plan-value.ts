/**
 * The plan of a recovery in a namespace: the plan of the moment, as for every cluster, and what is done with objects of the
 * namespace to make it live. Printable, JSON as it is, stored in the journal's ConfigMap; it holds no secret: of the pods'
 * variables there are names, and no values.
 *
 * @module
 */

import type { Plan } from '../../recovery/plan-value.ts';
import type { WalkbackSource, ArchiveEnvironment } from '../rehearse/rehearsal.ts';
import type { VolumeRole } from '../volume/volume-plan.ts';
import type { RecoveryWay } from '../find/rights.ts';
import type { PlannedShape } from './planned-shape.ts';

/** One member's volume, and under which name it is kept. */
export interface PlannedMember {
  readonly pod: string;
  readonly ordinal: number;
  readonly claim: string;
  readonly claimUid: string;
  /** `null`: its claim is bound to none. */
  readonly volume: string | null;
  /** As its claim says: `5Gi`. */
  readonly size: string;
  readonly storageClass: string | null;
  /** The claim by which its volume is kept; `null`: it is not kept. */
  readonly keptAs: string | null;
}

/** Something beside the database that is scaled down meanwhile. */
export interface PlannedWorkload {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly replicas: number;
}

/** Objects of Patroni, by their exact names. */
export interface PatroniObjects {
  readonly scope: string;
  readonly kind: 'ConfigMap' | 'Endpoints';
  readonly leader: string;
  readonly config: string;
  readonly sync: string;
  readonly failover: string;
  /** Those of the cluster's own, by which an object of that name is known to be it. */
  readonly labels: Readonly<Record<string, string>>;
}

/** The way *clone*: what the cluster's own image is told to restore. Holds names of variables and values that are no secret. */
export interface PlannedClone {
  /** The container whose variables are set. */
  readonly container: string;
  readonly variables: Readonly<Record<string, string>>;
  /** Variables of the container that are set once more, with `CLONE_` before their names. */
  readonly copied: readonly string[];
  /** What is restored from, and the new location that the recovered cluster writes to. */
  readonly archive: {
    readonly from: string;
    readonly to: string;
    /** The variables that name the new location. */
    readonly variables: Readonly<Record<string, string>>;
  };
  /** `CLONE_TARGET_TIME`, as microseconds since the Unix epoch, decimal. */
  readonly targetTimeUs: string;
  /** Where a server that is told this time stops. */
  readonly stopLsn: string;
}

/** A way that was not taken, and why. */
export interface PassedOverWay {
  readonly way: RecoveryWay;
  readonly problem: string;
}

/** The cluster that work in a namespace is done on. */
export interface WorkedOn {
  readonly context: string;
  readonly server: string;
  readonly namespace: string;
  readonly statefulSet: { readonly name: string; readonly uid: string; readonly replicas: number };
  /** The pod that took writes when it was planned. */
  readonly leader: string;
  readonly members: readonly PlannedMember[];
  /** Claims beyond the members' that an earlier scale-down has left, each as the member that it was of; absent: none. */
  readonly leftOver?: readonly PlannedMember[];
  readonly patroni: PatroniObjects | null;
  /** What the pods that work for it are like. */
  readonly live: PlannedShape;
  readonly superuser: string;
}

/** Whatever has a claim: the members, and what an earlier scale-down has left. Pods are asked of members alone. */
export function everyClaim({
  members,
  leftOver = [],
}: Pick<WorkedOn, 'members' | 'leftOver'>): readonly PlannedMember[] {
  return [...members, ...leftOver];
}

/** Any work in a namespace, as far as its steps share something. */
export interface WorkPlan {
  readonly recovery: { readonly id: string };
  readonly swap: WorkedOn & Partial<Pick<SwapPlan, 'way' | 'rehearsalClaim'>>;
}

/** What is done in the namespace. */
export interface SwapPlan extends WorkedOn {
  readonly way: RecoveryWay;
  readonly because: string;
  readonly passedOver: readonly PassedOverWay[];
  readonly claimTemplate: string;
  /** Only of the way *clone*. */
  readonly clone?: PlannedClone;
  readonly rehearsalClaim: string;
  /** What the rehearsal's claim asks for at least, decimal. */
  readonly claimBytes: string;
  readonly workloads: readonly PlannedWorkload[];
  /** Everything that is restarted or scaled, in words. */
  readonly restarts: readonly string[];
  /** What is to be known afterwards: Helm's values, GitOps. */
  readonly drift: readonly string[];
  readonly walkback: WalkbackSource;
  readonly archive: ArchiveEnvironment;
  readonly roles: readonly VolumeRole[];
  /** Other roles that the image gives the password of its environment on any data; absent: none. */
  readonly rolesSetAgain?: readonly string[];
}

/** The whole. */
export interface NamespacePlan {
  readonly version: 1;
  readonly recovery: Plan;
  readonly swap: SwapPlan;
}

/** What the operator types to confirm: context, namespace and cluster, so that two of them are not confused. */
export function confirmWord({ swap }: WorkPlan): string {
  return `${swap.context}/${swap.namespace}/${swap.statefulSet.name}`;
}
