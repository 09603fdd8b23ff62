/**
 * What may have to be done so that a bucket can hold an archive, as values that can be printed.
 *
 * @module
 */

/** Whose credentials: the archive's writer reads, writes and deletes objects; a viewer reads. */
export type Role = 'writer' | 'viewer';

/** Both, in the order of plans. */
export const ROLES: readonly Role[] = ['writer', 'viewer'];

/** One change. What it is made of (names, rules) is the provider's. */
export type BucketChange =
  | { readonly kind: 'createBucket' }
  /** Nobody without credentials, whatever a policy says. */
  | { readonly kind: 'closeToPublic' }
  | { readonly kind: 'keepVersions' }
  | { readonly kind: 'setLifecycle' }
  | { readonly kind: 'createAccount'; readonly role: Role }
  | { readonly kind: 'allow'; readonly role: Role }
  /** Makes credentials and writes them into the Secret at once: no server tells a key a second time. */
  | { readonly kind: 'makeKey'; readonly role: Role }
  /** Former keys, by their ids; only when that is asked for. */
  | { readonly kind: 'endKeys'; readonly role: Role; readonly keys: readonly string[] };

/**
 * - `due`: will be done.
 * - `done`: is so already.
 * - `unsupported`: the server has no such thing, and the archive works without.
 * - `hidden`: could not be looked at, for want of a permission.
 */
export type ChangeState = 'due' | 'done' | 'unsupported' | 'hidden';

/** A change with what is known of it. */
export interface PlannedChange {
  readonly change: BucketChange;
  readonly state: ChangeState;
  /** What is so afterwards: `the bucket keeps versions of what is replaced or deleted`. */
  readonly summary: string;
  /** What it takes to do it, or where it is hidden, to look: `s3:PutBucketVersioning`. */
  readonly permission: string;
  /** The lines that do the same by hand. */
  readonly byHand: readonly string[];
}

/** A change's name: `makeKey:writer`. */
export function changeName(change: BucketChange): string {
  return 'role' in change ? `${change.kind}:${change.role}` : change.kind;
}
