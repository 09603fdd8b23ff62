/**
 * The plan of a reset: the cluster's data put aside, and a new cluster under the same name, with an archive of its own. Printable,
 * JSON as it is, stored in the journal's ConfigMap; it holds no secret.
 *
 * @module
 */

import type { WorkedOn } from '../recover/plan-value.ts';

/** One variable of one container that says where the archive is, with its new value. */
export interface MovedVariable {
  readonly container: string;
  readonly name: string;
  readonly value: string;
}

/** A Job that has ended, of the same release. */
export interface LeftOverJob {
  readonly name: string;
  readonly uid: string;
}

/** What is put aside and what begins. */
export interface ResetDetails {
  /** Of the cluster as it is; `null` where nothing could tell it. */
  readonly systemIdentifier: string | null;
  readonly archive: { readonly from: string; readonly to: string; readonly variables: readonly MovedVariable[] };
  readonly jobs: readonly LeftOverJob[];
}

/** The whole. */
export interface ResetPlan {
  readonly version: 1;
  readonly recovery: { readonly id: string; readonly createdAt: string };
  readonly swap: WorkedOn & {
    /** Everything that is restarted, in words. */
    readonly restarts: readonly string[];
    /** What is to be known afterwards: Helm's values, GitOps. */
    readonly drift: readonly string[];
  };
  readonly reset: ResetDetails;
}

/** What `--confirm-name` has to say: namespace and cluster. */
export function confirmName({ swap }: ResetPlan): string {
  return `${swap.namespace}/${swap.statefulSet.name}`;
}
