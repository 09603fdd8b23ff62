/**
 * What Azure's errors mean to the operator.
 *
 * @module
 */

import { Failure, messageOf, type FailureKind } from '../../base/failure.ts';
import { isTlsCode, systemCodeOf } from '../network-error.ts';
import { AzureError, isRetryable } from './azure-error.ts';
import { TokenGiverAway } from './token-failure.ts';

/** What was being done, and the permission it needs. */
export interface AzureAction {
  /** As it stands in a message: `read`, `write` … */
  readonly verb: string;
  /** The permission by its name in a role, and by its letter in a shared access signature. */
  readonly permission: string;
  readonly container: string;
  /** The whole key in the container, or the prefix that is listed. */
  readonly key: string;
}

type Verdict = readonly [kind: FailureKind, found: string, remedy: string];

/** What is done, with the address of what it is done to. */
export function nameOf({ verb, container, key }: AzureAction): string {
  return `${verb} azure://${container}/${key}`;
}

const UP_AND_REACHED = 'Look whether the store is up and can be reached from here, then try again.';
const CLOCK_MAY_DIFFER_MS = 10 * 60_000;

function networkVerdict(error: unknown): Verdict {
  const code = systemCodeOf(error);
  if (isTlsCode(code))
    return ['usage', `${code}: ${messageOf(error)}`, "Give the certificate authority's file, or check the endpoint."];
  if (code === 'ENOTFOUND')
    return [
      'unavailable',
      `${code}: ${messageOf(error)}`,
      'Check the name of the storage account and the endpoint suffix, and whether names are resolved here.',
    ];
  return ['unavailable', code === undefined ? messageOf(error) : `${code}: ${messageOf(error)}`, UP_AND_REACHED];
}

/** How far this machine's clock is from the store's, if that is far enough to matter. */
function clockIsWrong({ headers }: AzureError, now: Date): boolean {
  const theirMs = Date.parse(headers['date'] ?? '');
  return !Number.isNaN(theirMs) && Math.abs(theirMs - now.getTime()) > CLOCK_MAY_DIFFER_MS;
}

function loginVerdict(error: AzureError): Verdict | undefined {
  const isLogin =
    error.status === 401 || error.code === 'AuthenticationFailed' || error.code === 'InvalidAuthenticationInfo';
  if (!isLogin) return undefined;
  if (clockIsWrong(error, new Date()))
    return ['denied', "this machine's clock differs too much from the store's", 'Set the clock (NTP).'];
  return [
    'denied',
    `the credentials are not accepted (${error.code})`,
    'Check the account name and its key, the dates and the signature of the SAS token, or the application and its tenant.',
  ];
}

const BY_NETWORK_RULES = new Set(['AuthorizationFailure', 'NetworkRuleDenied']);
const KEPT = /Immutab|LegalHold|Retention|BlobImmutableDueToPolicy/;

function accessVerdict(error: AzureError, { permission, container }: AzureAction): Verdict | undefined {
  if (error.code === 'KeyBasedAuthenticationNotPermitted')
    return [
      'denied',
      'the account does not accept keys (KeyBasedAuthenticationNotPermitted)',
      'Use an identity instead: unset the key, and give the role Storage Blob Data Contributor to the identity of this machine or application.',
    ];
  if (KEPT.test(error.code))
    return [
      'refused',
      `the container keeps it (${error.code})`,
      'It goes when the time of the immutability policy, or the legal hold, is over.',
    ];
  if (error.status !== 403) return undefined;
  if (BY_NETWORK_RULES.has(error.code))
    return [
      'denied',
      `${permission} in the container "${container}" is denied (${error.code})`,
      'Look at the networking of the storage account (firewall, private endpoint), and at the roles of these credentials.',
    ];
  return [
    'denied',
    `${permission} in the container "${container}" is denied (${error.code})`,
    `Allow ${permission} to these credentials: the role Storage Blob Data Contributor has all that is needed, as have the letters racwdl of a SAS token.`,
  ];
}

function placeVerdict(error: AzureError, { container }: AzureAction): Verdict | undefined {
  if (
    error.code === 'ContainerNotFound' ||
    error.code === 'InvalidResourceName' ||
    error.code === 'ContainerBeingDeleted'
  )
    return [
      'usage',
      `there is no container "${container}" (${error.code})`,
      'Check the name of the container, the account and the endpoint.',
    ];
  if (error.status !== 400 || !/InvalidHeaderValue|version/i.test(`${error.code} ${error.message}`)) return undefined;
  return [
    'refused',
    `the store does not take the request: ${error.message}`,
    'If the store is older, set azure-api-version (AZURE_BLOB_STORE_API_VERSION) to a version that it knows.',
  ];
}

const NO_STORE =
  'Look for a proxy or cache between here and the store; if there is none, the store does not follow the API.';

function answerVerdict(error: AzureError, action: AzureAction): Verdict {
  if (error.status < 300) return ['corrupt', `the store's answer cannot be used: ${error.message}`, NO_STORE];
  const found = `the store answered ${error.status} ${error.code}`;
  const known = placeVerdict(error, action) ?? loginVerdict(error) ?? accessVerdict(error, action);
  if (known !== undefined) return known;
  if (error.status === 412)
    return [
      'conflict',
      'the object was replaced meanwhile',
      'Find out who else writes to this archive, then try again.',
    ];
  if (error.status === 409)
    return [
      'conflict',
      `${found}: ${error.message}`,
      'Find out who else writes to this archive, or holds a lease on it.',
    ];
  if (isRetryable(error) || error.status === 404) return ['unavailable', found, UP_AND_REACHED];
  return ['failed', `${found}: ${error.message}`, 'Look up what Azure says of this error code.'];
}

/** The failure of an answer that does not follow the protocol. */
export function badAnswer(action: AzureAction, problem: string): Failure {
  return new Failure('corrupt', {
    message: `cannot ${nameOf(action)}: the store's answer cannot be used: ${problem}`,
    remedy: NO_STORE,
  });
}

function giverRemedy({ host }: TokenGiverAway): string {
  return `Look whether ${host} is up and can be reached from here, and whether it is who gives the tokens, then try again.`;
}

/** The failure that a thrown error is; failures come back as they are. */
export function azureFailure(action: AzureAction, thrown: unknown, facts: readonly string[] = []): Failure {
  if (thrown instanceof Failure) return thrown;
  if (thrown instanceof TokenGiverAway)
    return new Failure('unavailable', { message: thrown.message, remedy: giverRemedy(thrown), facts, cause: thrown });
  const [kind, found, remedy] = thrown instanceof AzureError ? answerVerdict(thrown, action) : networkVerdict(thrown);
  return new Failure(kind, { message: `cannot ${nameOf(action)}: ${found}`, remedy, facts, cause: thrown });
}
