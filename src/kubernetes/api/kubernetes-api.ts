/**
 * The contract of a namespace: what a recovery asks of the Kubernetes API.
 *
 * Objects are values in the API's own JSON form (`kubernetes-objects.ts`). What every implementation promises:
 *
 * - `undefined` means that the server has said that there is no such object; whatever could not be found out is a `Failure`.
 * - A conflict (409) is a `Failure` of kind `conflict`; a missing right (403) or a refused login (401) one of kind `denied`
 *   that names verb, resource and namespace; what the server will not have (an exceeded quota, Pod Security, an invalid
 *   object) one of kind `refused`; a server that does not answer one of kind `unavailable`. Reads are repeated under a
 *   deadline; a change that may have happened is looked at before it is sent again.
 * - `resourceVersion` and `uid` in what is sent are preconditions.
 * - A login that ends in the middle is renewed once, from where it came from.
 *
 * @module
 */

import type { KubernetesObject } from './kubernetes-objects.ts';

/** One object's place: `{ apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'db' }`; without `namespace` that of the API. */
export interface ObjectRef {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  /** `undefined`: the namespace of the API, for kinds that have one. */
  readonly namespace?: string;
}

/** What is listed. */
export interface ListedKind {
  readonly apiVersion: string;
  readonly kind: string;
  /** `undefined`: the namespace of the API, for kinds that have one; `*`: every namespace. */
  readonly namespace?: string;
}

/** How an object is changed: https://kubernetes.io/docs/reference/using-api/api-concepts/#patch-and-update */
export type PatchBody =
  | { readonly type: 'merge'; readonly body: unknown }
  | { readonly type: 'json'; readonly body: readonly unknown[] }
  | { readonly type: 'strategic'; readonly body: unknown };

/** What a removal must find, and what becomes of dependants. */
export interface DeleteOptions {
  /** Another object of that name is not removed: `conflict`. */
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly propagation?: 'Orphan' | 'Background' | 'Foreground';
  readonly gracePeriodSeconds?: number;
}

/** One right: a verb on a resource (`persistentvolumeclaims`, `statefulsets/scale`) of a group (`''` is the core group). */
export interface Access {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  /** `undefined`: every object of that resource. */
  readonly name?: string;
  /** True for what is in no namespace, such as `persistentvolumes`. */
  readonly isClusterWide?: boolean;
}

/** How a program in a container ended. */
export interface ExecOutcome {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A port of a pod on this machine's loopback, until disposed. */
export interface ForwardedPort extends AsyncDisposable {
  readonly port: number;
}

/** The context of a pod's service account. */
export const IN_CLUSTER = 'in-cluster';

/** What the operator sees and types, so that two clusters are not confused. */
export interface WhereWeAre {
  /** The context of the kubeconfig; {@link IN_CLUSTER} for a pod's service account. */
  readonly context: string;
  readonly server: string;
  readonly namespace: string;
  /** The user as the kubeconfig calls it, or whom it acts as. */
  readonly user: string;
}

/** Settles once changes may be made; throws if they may not any more. */
export type MayChange = (signal: AbortSignal) => Promise<void>;

/** One namespace of one cluster, as one user. */
export interface KubernetesApi extends AsyncDisposable {
  readonly where: WhereWeAre;
  get<T extends KubernetesObject>(ref: ObjectRef): Promise<T | undefined>;
  /** All that a selector (`app=db,release=a`) matches, over every page; empty selector: all. */
  list<T extends KubernetesObject>(
    kind: ListedKind,
    selector?: { readonly labels?: string; readonly fields?: string },
  ): Promise<T[]>;
  create<T extends KubernetesObject>(object: T, options?: { readonly isDryRun?: boolean }): Promise<T>;
  /** Replaces the whole; its `resourceVersion` is the precondition. */
  replace<T extends KubernetesObject>(object: T): Promise<T>;
  /** `metadata.resourceVersion` and `metadata.uid` of a merge are preconditions. `json` is for operations with a `test`. */
  patch<T extends KubernetesObject>(
    ref: ObjectRef,
    patch: PatchBody,
    options?: { readonly isDryRun?: boolean; readonly subresource?: 'scale' | 'status' },
  ): Promise<T>;
  /** Asks for the removal; absent already: nothing happens. It does not wait: {@link KubernetesApi.until}. */
  delete(ref: ObjectRef, options?: DeleteOptions): Promise<void>;
  /**
   * Waits, by a watch where it may and by looking where it may not, until `isSo` holds for the object (`undefined` while there is none).
   * A watch only says when to look: what is given to `isSo` was read. The right to `get` is enough.
   *
   * @param what in words, for the failure: `pod db-0 to be gone`.
   * @returns the object as it was then.
   * @throws {Failure} `unavailable` after `timeoutMs`, with what was waited for.
   */
  until<T extends KubernetesObject>(
    ref: ObjectRef,
    what: string,
    isSo: (object: T | undefined) => boolean,
    options: { readonly timeoutMs: number; readonly signal?: AbortSignal },
  ): Promise<T | undefined>;
  /** True if this user has the right (SelfSubjectAccessReview). */
  isAllowed(access: Access): Promise<boolean>;
  /** What a container has written so far, or as it comes. */
  logs(
    pod: string,
    container: string,
    options?: { readonly tailLines?: number; readonly sinceTime?: string; readonly isPrevious?: boolean },
  ): Promise<string>;
  /** Its lines, from the first on, until the container has ended; a connection that is cut is made again where it was. */
  followLogs(pod: string, container: string, signal: AbortSignal): AsyncIterable<string>;
  /** Runs a program; secrets go by `stdin`, never by `command`. It is run once: a cut connection is a `Failure`. */
  exec(
    pod: string,
    container: string,
    command: readonly string[],
    options?: { readonly stdin?: string; readonly signal?: AbortSignal; readonly onStdout?: (text: string) => void },
  ): Promise<ExecOutcome>;
  forwardPort(pod: string, port: number): Promise<ForwardedPort>;
  /** Every attempt at a change, but of a Lease, waits for it from now on, and fails with what it throws. Disposing takes it away. */
  fence(mayChange: MayChange): Disposable;
}
