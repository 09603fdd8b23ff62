/**
 * The cluster that a recovery is of, as it was found in its namespace.
 *
 * @module
 */

import type { Pod, StatefulSet } from '../api/kubernetes-objects.ts';
import type { ArchiveEnvironment, LiveShape, WalkbackSource } from '../rehearse/rehearsal.ts';
import type { VolumeRole } from '../volume/volume-plan.ts';
import type { CloneSubject } from './clone/clone-subject.ts';
import type { PatroniObjects } from './plan-value.ts';

/** What a plan is made for. */
export interface Subject {
  readonly statefulSet: StatefulSet;
  /** Its pods, whatever they are at. */
  readonly pods: readonly Pod[];
  readonly claimTemplate: string;
  /** How many it is to have again. Scaled to 0, it has as many as it has claims. */
  readonly memberCount: number;
  /** Numbers of claims beyond, which an earlier scale-down has left. */
  readonly leftOver: readonly number[];
  readonly live: LiveShape;
  readonly archive: ArchiveEnvironment;
  readonly walkback: WalkbackSource;
  /** What the way *clone* has to do with; a text says why it has nothing. */
  readonly clone: CloneSubject | string;
  /** `null`: nothing fails over; one pod alone may be recovered then. */
  readonly patroni: PatroniObjects | null;
  readonly superuser: string;
  readonly roles: readonly VolumeRole[];
  /** Other roles that the image gives the password of its environment, whenever a member begins to lead. */
  readonly rolesSetAgain: readonly string[];
}
