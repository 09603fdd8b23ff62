/**
 * A database cluster in a namespace, as it was found: one value that never changes, and that may be shown, since it holds no secret.
 *
 * @module
 */

import type { WhereWeAre } from '../api/kubernetes-api.ts';
import type { PersistentVolume, PersistentVolumeClaim, Pod, StatefulSet } from '../api/kubernetes-objects.ts';

/** What becomes of claims by itself. */
export interface ClaimRetention {
  /** When the StatefulSet is scaled down. `Delete` destroys data when it is stopped. */
  readonly whenScaled: 'Retain' | 'Delete';
  readonly whenDeleted: 'Retain' | 'Delete';
}

/** Of which every member's claim is made. */
export interface ClaimTemplate {
  readonly name: string;
  readonly sizeBytes: bigint | undefined;
  /** `undefined`: the default class of the cluster. */
  readonly storageClass: string | undefined;
  readonly accessModes: readonly string[];
}

/** A volume, as far as it may be read. */
export interface FoundVolume {
  readonly name: string;
  /** What becomes of it when its claim goes. */
  readonly reclaimPolicy: string;
  /** The nodes that it can be used from, by their names; `undefined`: from any, or not by name. */
  readonly nodes: readonly string[] | undefined;
}

/** A member's claim. */
export interface FoundClaim {
  readonly name: string;
  readonly uid: string;
  readonly phase: string;
  /** What it has, not what it asked for. */
  readonly sizeBytes: bigint | undefined;
  readonly storageClass: string | undefined;
  readonly accessModes: readonly string[];
  readonly isGoing: boolean;
  /** `undefined`: it is not bound. `unreadable`: it is, and this user may not look at volumes. */
  readonly volume: FoundVolume | 'unreadable' | undefined;
}

/** A member's pod. */
export interface FoundPod {
  readonly name: string;
  readonly uid: string;
  readonly phase: string;
  readonly isReady: boolean;
  readonly isGoing: boolean;
  readonly node: string | undefined;
  readonly restarts: number;
  /** What Patroni says of it; `undefined` without Patroni, or before it has said anything. */
  readonly role: 'leader' | 'replica' | undefined;
  /** Patroni's word: `running`, `streaming`, `in archive recovery` … */
  readonly state: string | undefined;
  readonly timeline: number | undefined;
}

/** One member: its ordinal, and what is there of it. */
export interface FoundMember {
  readonly ordinal: number;
  readonly pod: FoundPod | undefined;
  readonly claim: FoundClaim | undefined;
}

/** Where the data is in a container. */
export interface DataPlace {
  /** PGDATA, absolute, as the container sees it. */
  readonly dataDirectory: string;
  /** What says so: `PGDATA`, `the running server`, `the usual place of this image`. */
  readonly from: string;
  /** Where the claim is mounted; `undefined`: the data is not on a claim. */
  readonly mountPath: string | undefined;
  readonly subPath: string | undefined;
  /** The name of the volume in the pod. */
  readonly volume: string | undefined;
}

/** A probe that Kubernetes makes, as far as it matters to a restore. */
export interface FoundProbe {
  readonly kind: 'liveness' | 'readiness' | 'startup';
  /** `GET /liveness :8008`, `exec pg_isready …`, `tcp :5432`. */
  readonly does: string;
  /** After how many seconds of failing its container is killed (or not ready). */
  readonly failsAfterS: number;
}

/** An object in which Patroni keeps the cluster's state. */
export interface PatroniObject {
  readonly name: string;
  readonly isThere: boolean;
  readonly uid: string | undefined;
  /** False: it has this name and other labels, so it is somebody else's. */
  readonly isOurs: boolean;
}

/** Patroni, where it runs the cluster. */
export interface PatroniInNamespace {
  readonly scope: string;
  /** What its state is kept in. */
  readonly kind: 'ConfigMap' | 'Endpoints';
  readonly scopeLabel: string;
  /** By which Patroni finds its objects and members: its own, and that of the scope. */
  readonly labels: Readonly<Record<string, string>>;
  readonly roleLabel: string;
  readonly config: PatroniObject;
  readonly leader: PatroniObject;
  readonly failover: PatroniObject;
  readonly sync: PatroniObject;
  /** The pod that holds the lock. */
  readonly lockHolder: string | undefined;
  /** The system identifier; empty: somebody bootstraps; `undefined`: not initialised. */
  readonly initialize: string | undefined;
  readonly isPaused: boolean;
}

/** One variable of a container, without a value that is secret. */
export interface FoundVariable {
  readonly name: string;
  /** `undefined` if it is secret, or could not be read. */
  readonly value: string | undefined;
  /** `secret shop-db, key password`, `config map …`, `the pod specification`. */
  readonly from: string;
  /** Why it could not be read. */
  readonly problem: string | undefined;
}

/** What looks after the StatefulSet, and would put a change back. */
export interface Keeper {
  readonly kind: 'Helm' | 'Argo CD' | 'Flux' | 'owner';
  readonly name: string;
}

/** A database cluster in a namespace. */
export interface KubernetesCluster {
  readonly where: WhereWeAre;
  readonly name: string;
  readonly uid: string;
  /** Asked for. */
  readonly replicas: number;
  readonly readyReplicas: number;
  readonly updateStrategy: string;
  readonly selector: Readonly<Record<string, string>>;
  readonly claimTemplate: ClaimTemplate | undefined;
  readonly retention: ClaimRetention;
  /** The container that runs PostgreSQL. */
  readonly container: string;
  /** The one whose variables say where the archive is; often the same. `undefined`: none does. */
  readonly archiveContainer: string | undefined;
  readonly otherContainers: readonly string[];
  readonly image: string;
  /** True if the image's name may mean another image tomorrow. */
  readonly isImageMoving: boolean;
  /** What runs, by its digest. */
  readonly imageId: string | undefined;
  readonly data: DataPlace;
  /** Of the running server; `undefined` where it could not be asked. */
  readonly postgresMajor: number | undefined;
  readonly probes: readonly FoundProbe[];
  /** Of the pods, effective: user, group of files. */
  readonly runAsUser: number | undefined;
  readonly fsGroup: number | undefined;
  /** OpenShift's range of users of the namespace: `1000680000/10000`; `undefined` if there is none, or it cannot be read. */
  readonly userRange: string | undefined;
  readonly patroni: PatroniInNamespace | undefined;
  readonly members: readonly FoundMember[];
  /** The pod that takes writes; `undefined`: none is known. */
  readonly leader: string | undefined;
  readonly keeper: Keeper | undefined;
  /** Names of variables alone: values may be secret. */
  readonly variables: readonly FoundVariable[];
}

/** The same, as the API has it: for who makes a pod or a claim of it. */
export interface ClusterObjects {
  readonly statefulSet: StatefulSet;
  /** Of the StatefulSet, by ordinal. */
  readonly pods: readonly Pod[];
  /** Of its claim template, by ordinal; those that a smaller number of members left behind too. */
  readonly claims: readonly PersistentVolumeClaim[];
  /** Those that could be read. */
  readonly volumes: readonly PersistentVolume[];
}
