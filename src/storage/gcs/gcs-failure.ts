/**
 * What Google's errors mean to the operator.
 *
 * @module
 */

import { Failure, messageOf, type FailureKind } from '../../base/failure.ts';
import { isTlsCode, systemCodeOf } from '../network-error.ts';
import { GcsError, isRetryable } from './gcs-error.ts';

/** What was being done, and the permission it needs. */
export interface GcsAction {
  /** As it stands in a message: `read`, `write` … */
  readonly verb: string;
  /** `storage.objects.get` … */
  readonly permission: string;
  readonly bucket: string;
  /** The whole key in the bucket, or the prefix that is listed. */
  readonly key: string;
}

type Verdict = readonly [kind: FailureKind, found: string, remedy: string];

/** What is done, with the address of what it is done to. */
export function nameOf({ verb, bucket, key }: GcsAction): string {
  return `${verb} gs://${bucket}/${key}`;
}

const UP_AND_REACHED = 'Look whether the store is up and can be reached from here, then try again.';

function networkVerdict(error: unknown): Verdict {
  const code = systemCodeOf(error);
  if (isTlsCode(code))
    return ['usage', `${code}: ${messageOf(error)}`, "Give the certificate authority's file, or check the endpoint."];
  return ['unavailable', code === undefined ? messageOf(error) : `${code}: ${messageOf(error)}`, UP_AND_REACHED];
}

function keyVerdict({ reason }: GcsError): Verdict | undefined {
  if (!/customerEncryption|resourceIsEncrypted|resourceNotEncrypted/i.test(reason)) return undefined;
  return [
    'denied',
    `the encryption key of the settings is not that of the object (${reason})`,
    'Set gcs-encryption-key (GCS_ENCRYPTION_KEY) to the key with which the archive was written; unset it if it was written without.',
  ];
}

function accessVerdict(error: GcsError, { permission, bucket }: GcsAction): Verdict | undefined {
  if (error.status === 401)
    return [
      'denied',
      `the credentials are not accepted (${error.message})`,
      'Check the credentials; a key may have been revoked.',
    ];
  if (error.reason === 'retentionPolicyNotMet' || error.reason === 'objectUnderActiveHold')
    return [
      'refused',
      `the bucket keeps it (${error.reason})`,
      'It goes when the retention of the bucket, or the hold of the object, is over.',
    ];
  if (error.status !== 403) return undefined;
  return [
    'denied',
    `${permission} on the bucket "${bucket}" is denied (${error.message})`,
    `Allow ${permission} and storage.objects.list on the bucket "${bucket}" to these credentials, as the role Storage Object User does. (Google also answers so for an object that is not there, if it may not be listed.)`,
  ];
}

const NO_STORE =
  'Look for a proxy or cache between here and the store; if there is none, the store does not follow the API.';

function answerVerdict(error: GcsError, action: GcsAction): Verdict {
  if (error.status < 300) return ['corrupt', `the store's answer cannot be used: ${error.message}`, NO_STORE];
  if (error.status === 404 && saysNoBucket(error)) return noBucketVerdict(action);
  const found = `the store answered ${error.status} ${error.reason}`;
  const access = keyVerdict(error) ?? accessVerdict(error, action);
  if (access !== undefined) return access;
  if (error.status === 412)
    return [
      'conflict',
      'the object was replaced meanwhile',
      'Find out who else writes to this archive, then try again.',
    ];
  if (isRetryable(error) || error.status === 404) return ['unavailable', found, UP_AND_REACHED];
  return ['failed', `${found}: ${error.message}`, 'Look up what Google says of this error.'];
}

/** True if a 404 speaks of the bucket. */
export function saysNoBucket({ message }: GcsError): boolean {
  return /bucket does not exist/i.test(message);
}

function noBucketVerdict({ bucket }: GcsAction): Verdict {
  return ['usage', `there is no bucket "${bucket}"`, 'Check the name of the bucket, the endpoint and the project.'];
}

/** The failure of a bucket that is not there. */
export function noBucket(action: GcsAction): Failure {
  const [kind, found, remedy] = noBucketVerdict(action);
  return new Failure(kind, { message: `cannot ${nameOf(action)}: ${found}`, remedy });
}

/** The failure of an answer that does not follow the protocol. */
export function badAnswer(action: GcsAction, problem: string): Failure {
  return new Failure('corrupt', {
    message: `cannot ${nameOf(action)}: the store's answer cannot be used: ${problem}`,
    remedy: NO_STORE,
  });
}

/** The failure that a thrown error is; failures come back as they are. */
export function gcsFailure(action: GcsAction, thrown: unknown, facts: readonly string[] = []): Failure {
  if (thrown instanceof Failure) return thrown;
  const [kind, found, remedy] = thrown instanceof GcsError ? answerVerdict(thrown, action) : networkVerdict(thrown);
  return new Failure(kind, { message: `cannot ${nameOf(action)}: ${found}`, remedy, facts, cause: thrown });
}
