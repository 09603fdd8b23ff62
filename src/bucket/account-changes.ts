/**
 * What is to be done about the accounts of a bucket.
 *
 * @module
 */

import { Failure, isFailure } from '../base/failure.ts';
import type { AccountAct, Accounts, AccountState, AccountWish } from './accounts.ts';
import { ROLES, type BucketChange, type PlannedChange } from './bucket-change.ts';
import type { BucketWishes, Credentials, HeldCredentials, Survey } from './provider.ts';

const NOTHING: AccountState = { exists: false, isAllowed: false, keys: [] };

/** `undefined`: these credentials may not look. */
async function look(accounts: Accounts, wish: AccountWish): Promise<AccountState | undefined> {
  try {
    return await accounts.look(wish);
  } catch (error) {
    if (isFailure(error, 'denied')) return undefined;
    throw error;
  }
}

/** The one secret of an account would be replaced, and whoever has the former cut off. */
function lostSecret({ word }: Accounts, { name }: AccountWish): Failure {
  return new Failure('conflict', {
    message: `cannot make a key for the ${word} ${JSON.stringify(name)}: it is there, and the Secret does not hold its key`,
    remedy:
      'Name the Secret that holds it (--secret), or other accounts (--writer, --viewer). Or give --rotate to set a new one: the former ends at once, wherever it is used.',
  });
}

/** Whoever uses the credentials in the Secret would be cut off from them: servers tell a key once. */
function foreignCredentials({ word }: Accounts, { role, name }: AccountWish): Failure {
  return new Failure('conflict', {
    message: `cannot make a key for the ${word} ${JSON.stringify(name)}: the Secret holds credentials of the ${role} already, and they are not a key of this ${word}`,
    remedy: `Name another Secret (--secret), or the ${word} whose they are (--${role}). Or give --rotate to replace them: they are in no other place then, unless somebody keeps them.`,
  });
}

function tooManyKeys({ word, mostKeys }: Accounts, { name }: AccountWish, keys: readonly string[]): Failure {
  return new Failure('conflict', {
    message: `cannot make a key for the ${word} ${JSON.stringify(name)}: it has ${mostKeys} already, the most it can have (${keys.join(', ')})`,
    remedy: 'Give --end-former to end those that the Secret does not hold; whoever still uses one is cut off.',
  });
}

/** One account: what was found, and what the Secret holds. */
interface Found {
  readonly state: AccountState;
  readonly isHidden: boolean;
  /** The key in the Secret, if it is one of the account's. */
  readonly held: string | undefined;
  /** The Secret holds credentials that are not the account's, as far as that can be told. */
  readonly isForeign: boolean;
}

function foundOf(
  accounts: Accounts,
  wish: AccountWish,
  seen: AccountState | undefined,
  credentials: Credentials = {},
): Found {
  const state = seen ?? NOTHING;
  const key = accounts.keyOf(credentials, wish);
  const held = key !== undefined && state.keys.includes(key) ? key : undefined;
  const isAny = accounts.credentialNames.some((name) => credentials[name] !== undefined);
  // A key that was the account's, and is deleted, is of no use to anybody.
  const isOwn = held !== undefined || (key !== undefined && accounts.keysTellAccount);
  return { state, isHidden: seen === undefined, held, isForeign: isAny && !isOwn };
}

/** The keys to end. @throws {Failure} `conflict` if a key is to be made, and there is no room for it. */
function endedKeys(accounts: Accounts, wish: AccountWish, found: Found, options: BucketWishes): readonly string[] {
  const { state, isHidden, held, isForeign } = found;
  if (isForeign && !isHidden && !options.isRotating) throw foreignCredentials(accounts, wish);
  const others = state.keys.filter((key) => key !== held);
  const isMaking = held === undefined || options.isRotating;
  if (accounts.mostKeys === 1) {
    if (state.exists && held === undefined && !options.isRotating) throw lostSecret(accounts, wish);
    return [];
  }
  if (options.isEndingFormer) return others;
  if (isMaking && state.keys.length >= accounts.mostKeys) throw tooManyKeys(accounts, wish, state.keys);
  return [];
}

function changesOf(accounts: Accounts, wish: AccountWish, found: Found, options: BucketWishes): PlannedChange[] {
  const { role, name } = wish;
  const { state, isHidden, held } = found;
  const planned = (act: AccountAct, change: BucketChange, isDone: boolean, summary: string): PlannedChange => {
    const { permission, lines } = accounts.byHand(act, wish);
    return {
      change,
      state: isHidden ? 'hidden' : isDone ? 'done' : 'due',
      summary,
      permission: isHidden ? accounts.lookPermission : permission,
      byHand: lines,
    };
  };
  const ended = endedKeys(accounts, wish, found, options);
  const rights = role === 'writer' ? 'reads and writes objects of this bucket only' : 'reads this bucket only';
  const isHeld = held !== undefined && !options.isRotating;
  const alone = accounts.standsAlone;
  const makeKey = planned(
    'makeKey',
    { kind: 'makeKey', role },
    isHeld,
    `the Secret holds a key of ${name}, the ${role}`,
  );
  const allow = planned('allow', { kind: 'allow', role }, state.isAllowed, `${name} ${rights}`);
  return [
    ...(alone
      ? [planned('create', { kind: 'createAccount', role }, state.exists, `the ${accounts.word} ${name} is there`)]
      : []),
    ...(ended.length === 0
      ? []
      : [
          planned('endKeys', { kind: 'endKeys', role, keys: ended }, false, `of ${name}, ${ended.join(', ')} is ended`),
        ]),
    ...(alone ? [allow, makeKey] : [makeKey, allow]),
  ];
}

/** Surveys the accounts. @throws {Failure} `conflict` where a key would end, or be lost, that somebody may use. */
export async function accountChanges(
  accounts: Accounts,
  held: HeldCredentials,
  options: BucketWishes,
): Promise<Survey> {
  const changes: PlannedChange[] = [];
  let isEnding = false;
  for (const role of ROLES) {
    const wish = { role, name: options.names[role] };
    const seen = await look(accounts, wish);
    const found = foundOf(accounts, wish, seen, held[role]);
    changes.push(...changesOf(accounts, wish, found, options));
    isEnding ||= accounts.mostKeys === 1 && options.isRotating && found.state.exists;
  }
  return {
    changes,
    notes: isEnding ? ['New secrets end the former ones at once: restart what uses them after this.'] : [],
  };
}

/** The lines that make both accounts by hand. */
export function accountLines(accounts: Accounts, names: BucketWishes['names']): readonly string[] {
  const acts: readonly AccountAct[] = accounts.standsAlone ? ['create', 'allow', 'makeKey'] : ['makeKey', 'allow'];
  return ROLES.flatMap((role) => acts.flatMap((act) => accounts.byHand(act, { role, name: names[role] }).lines));
}
