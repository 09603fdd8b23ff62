/**
 * The contract of the accounts beside a store: users of IAM, of MinIO, service accounts of Google, signatures of Azure.
 *
 * @module
 */

import type { Role } from './bucket-change.ts';
import type { Credentials } from './provider.ts';

/** One account as it shall be. */
export interface AccountWish {
  readonly role: Role;
  readonly name: string;
}

/** One account as it is. */
export interface AccountState {
  readonly exists: boolean;
  /** It may do what it shall, on this bucket. */
  readonly isAllowed: boolean;
  /** The ids of its keys that are in use. */
  readonly keys: readonly string[];
}

/** What it takes to do something, and how it is done by hand. */
export interface ByHand {
  readonly permission: string;
  readonly lines: readonly string[];
}

/** What can be done about an account. */
export type AccountAct = 'create' | 'makeKey' | 'allow' | 'endKeys';

/** Accounts of one kind. */
export interface Accounts {
  /** What they are called: `user`, `service account`. */
  readonly word: string;
  /** How many keys an account can have at a time. With one, a new key ends the former. */
  readonly mostKeys: number;
  /** False where an account begins with its first key, and has its rights from then on. */
  readonly standsAlone: boolean;
  /** The names under which a Secret holds the credentials of one account. */
  readonly credentialNames: readonly string[];
  /** False where the id of a key does not tell whose it is. */
  readonly keysTellAccount: boolean;
  /** The permission that {@link Accounts.look} needs. */
  readonly lookPermission: string;
  byHand(act: AccountAct, wish: AccountWish): ByHand;
  /** The id of the key that credentials hold; `undefined` if they are not of this kind, or of another account. */
  keyOf(credentials: Credentials, wish: AccountWish): string | undefined;
  look(wish: AccountWish): Promise<AccountState>;
  create(wish: AccountWish): Promise<void>;
  allow(wish: AccountWish): Promise<void>;
  makeKey(wish: AccountWish): Promise<Credentials>;
  endKey(wish: AccountWish, key: string): Promise<void>;
}
