/**
 * What goes wrong while a role is asked for: the token service refuses it, or the file with the web identity's token cannot be read.
 *
 * The SDK lets such an answer come out of the request to the store that wanted the role, as if the store had given it. It is
 * remembered whose it is, and stays itself: its code decides whether credentials are read anew.
 *
 * Source: AWS Security Token Service API reference, `AssumeRole` and `AssumeRoleWithWebIdentity`.
 *
 * @module
 */

import { Failure, messageOf, type FailureKind } from '../../base/failure.ts';
import { propertyOf } from '../../base/unknown-value.ts';
import type { S3Location } from './s3-location.ts';

/** The role that was asked for. */
export type RoleAsked = Pick<NonNullable<S3Location['role']>, 'arn' | 'webIdentityTokenFile'>;

const asked = new WeakMap<object, RoleAsked>();

const LONGEST_MESSAGE = 300;

/** The role that a thrown error was met with; `undefined` if it is not the token service's. */
export function roleAskedIn(thrown: unknown): RoleAsked | undefined {
  return typeof thrown === 'object' && thrown !== null ? asked.get(thrown) : undefined;
}

/** A way to a role's credentials whose errors are known to be its own. @throws {Failure} `usage` for a file that cannot be read. */
export function tellingItsErrors<Given extends unknown[], Credentials>(
  role: RoleAsked,
  way: (...given: Given) => Promise<Credentials>,
): (...given: Given) => Promise<Credentials> {
  return async (...given) => {
    try {
      return await way(...given);
    } catch (thrown) {
      if (role.webIdentityTokenFile !== undefined && propertyOf(thrown, 'syscall') !== undefined)
        refuseFile(role.webIdentityTokenFile, thrown);
      if (typeof thrown === 'object' && thrown !== null) asked.set(thrown, role);
      throw thrown;
    }
  };
}

/** What Node's file system met; what the network met has another cause to be looked for. */
function refuseFile(file: string, thrown: unknown): void {
  if (!['open', 'read'].includes(String(propertyOf(thrown, 'syscall')))) return;
  throw new Failure('usage', {
    message: `cannot read the token of the web identity in ${file}: ${messageOf(thrown)}`,
    remedy:
      'Correct AWS_WEB_IDENTITY_TOKEN_FILE, and let this user read the file; Kubernetes puts it there and keeps it fresh.',
    cause: thrown,
  });
}

/** What the token service's refusal means. @param found its code and words. */
export function roleVerdict(
  { arn, webIdentityTokenFile }: RoleAsked,
  found: { readonly name: string; readonly message: string },
): readonly [kind: FailureKind, found: string, remedy: string] {
  const by = webIdentityTokenFile === undefined ? '' : ` for the token in ${webIdentityTokenFile}`;
  const remedy =
    webIdentityTokenFile === undefined
      ? `Allow sts:AssumeRole on ${arn} to these credentials, here and in the role's trust policy.`
      : `Look whether ${arn} trusts who signed the token, and whom the token is of and for; and whether the token is renewed.`;
  const said = `${found.name}: ${found.message}`.slice(0, LONGEST_MESSAGE);
  return ['denied', `the role ${arn} is not given${by} (${said})`, remedy];
}
