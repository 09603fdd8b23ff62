/**
 * What is typed where walkback may not do it.
 *
 * @module
 */

import { Failure } from '../base/failure.ts';
import { ROLES, type Role } from './bucket-change.ts';
import type { BucketProvider } from './provider.ts';
import { keysOf, secretOf, type SecretNames } from './secret-content.ts';
import type { SecretPlace } from './secret-place.ts';

/** The Secrets, and where they are kept. */
export interface SecretsByHand {
  readonly secrets: SecretNames;
  readonly place: SecretPlace;
  readonly credentialNames: readonly string[];
  /** The names of those that exist. */
  readonly there: ReadonlySet<string>;
}

/** The lines for a list of things to type. */
export function typed(lines: readonly string[]): readonly string[] {
  return lines.map((line) => `    ${line}`);
}

/** A key that was made by hand has to get into the Secret by hand: the lines for the keys of some roles. */
export function secretSteps(by: SecretsByHand, roles: readonly Role[]): readonly string[] {
  const keys = new Map<string, ReadonlySet<string>>();
  for (const role of roles) {
    const name = secretOf(by.secrets, role);
    keys.set(name, new Set([...(keys.get(name) ?? []), ...keysOf(by.secrets, role, by.credentialNames)]));
  }
  const lines = [...keys].flatMap(([name, all]) => by.place.byHand(name, [...all], by.there.has(name)));
  if (lines.length === 0) return [];
  return ['and write what the keys are into the Secret, then run it again:', ...typed(lines)];
}

/** What a first look was denied, with all that may have to be done. */
export function deniedLook(denied: Failure, provider: BucketProvider, by: SecretsByHand): Failure {
  return new Failure('denied', {
    message: denied.message,
    facts: denied.facts,
    remedy: [
      denied.remedy,
      'Or do it by hand, with credentials that may, as far as it is not there yet; a lifecycle that is there is replaced, so its rules have to go into the line:',
      ...typed(provider.byHand()),
      ...secretSteps(by, ROLES),
    ].join('\n'),
    cause: denied,
  });
}
