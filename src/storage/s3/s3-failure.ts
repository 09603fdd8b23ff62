/**
 * What a store's errors mean to the operator.
 *
 * @module
 */

import { Failure, type FailureDetails, type FailureKind } from '../../base/failure.ts';
import { isTlsCode } from '../network-error.ts';
import { roleVerdict } from './role-error.ts';
import { isRetryable, readS3Error, type S3Error } from './s3-error.ts';

/** What was being done, and the permission it needs. */
export interface S3Action {
  /** As it stands in a message: `read`, `write` … */
  readonly verb: string;
  /** `s3:GetObject` … */
  readonly permission: string;
  readonly bucket: string;
  /** The whole key in the bucket, or the prefix that is listed. */
  readonly key: string;
  /** The customer's own key is sent along: one that is not the object's is answered as a missing permission. */
  readonly hasCustomerKey?: boolean;
}

const CREDENTIALS = new Set([
  'InvalidAccessKeyId',
  'SignatureDoesNotMatch',
  'ExpiredToken',
  'InvalidToken',
  'TokenRefreshRequired',
  'CredentialsProviderError',
  'AuthorizationHeaderMalformed',
]);

const WRONG_REGION = new Set([
  'PermanentRedirect',
  'IllegalLocationConstraintException',
  'AuthorizationHeaderMalformed',
]);

/** The address of what an action is about. */
export function addressOf({ bucket, key }: S3Action): string {
  return `s3://${bucket}/${key}`;
}

function answerOf({ name, status, systemCode, message }: S3Error): string {
  if (status === undefined) return systemCode === undefined ? message : `${systemCode}: ${message}`;
  return `the store answered ${status} ${name}`;
}

/** True for errors about the customer's key, the key service, or their absence; `InvalidRequest` says it in words only. */
function isAboutKeys({ name, message }: S3Error): boolean {
  if (/^kms[.:]|^InvalidEncryption|SSECustomerKey|ServerSideEncryptionConfiguration/i.test(name)) return true;
  return /^(InvalidRequest|InvalidArgument|AccessDenied)$/.test(name) && /encrypt|customer.*key|SSE/i.test(message);
}

type Verdict = readonly [kind: FailureKind, found: string, remedy: string];

function accessVerdict(error: S3Error, { permission, bucket, hasCustomerKey }: S3Action): Verdict | undefined {
  if (CREDENTIALS.has(error.name))
    return [
      'denied',
      `the credentials are not accepted (${error.name})`,
      'Check the access key, its secret and its session token.',
    ];
  if (isAboutKeys(error))
    return [
      'denied',
      `the encryption that was asked for does not fit the object or the bucket (${error.message})`,
      'Set S3_SSE, S3_SSE_C and S3_SSE_KMS_ID (s3-encryption …) as they were when the archive was written.',
    ];
  if (error.name === 'RequestTimeTooSkewed')
    return ['denied', "this machine's clock differs too much from the store's", 'Set the clock (NTP).'];
  if (error.status !== 401 && error.status !== 403) return undefined;
  return [
    'denied',
    `${permission} on the bucket "${bucket}" is denied (${error.name})`,
    `Allow ${permission} and s3:ListBucket on the bucket "${bucket}" to these credentials. (S3 also answers so for an object that is not there, if it may not be listed${hasCustomerKey === true ? ", and for one that was written with another customer's key than that of S3_SSE_C" : ''}.)`,
  ];
}

/** The token service's word on a role, where it has said one that will be the same next time. */
function tokenVerdict(error: S3Error): Verdict | undefined {
  if (error.role === undefined || error.status === undefined || isRetryable(error)) return undefined;
  return roleVerdict(error.role, error);
}

function placeVerdict(error: S3Error, { bucket }: S3Action): Verdict | undefined {
  if (error.name === 'NoSuchBucket' || error.name === 'InvalidBucketName')
    return [
      'usage',
      `there is no bucket "${bucket}" (${error.name})`,
      'Check the name of the bucket, the endpoint and the account.',
    ];
  if (WRONG_REGION.has(error.name) && error.region !== undefined)
    return ['usage', `the bucket "${bucket}" is in the region ${error.region}`, `Set the region to ${error.region}.`];
  if (isTlsCode(error.systemCode))
    return ['usage', answerOf(error), "Give the certificate authority's file, or check the endpoint."];
  return undefined;
}

function otherVerdict(error: S3Error): Verdict {
  if (error.name === 'PreconditionFailed')
    return [
      'conflict',
      'the object was replaced meanwhile',
      'Find out who else writes to this archive, then try again.',
    ];
  if (error.name === 'NotImplemented')
    return [
      'refused',
      'the store does not know how to do this (NotImplemented)',
      'Use a store that has conditional writes (If-None-Match) and multipart uploads.',
    ];
  if (isRetryable(error) || error.status === 404)
    return [
      'unavailable',
      answerOf(error),
      'Look whether the store is up and can be reached from here, then try again.',
    ];
  return ['failed', `${answerOf(error)}: ${error.message}`, "Look in the store's log for the reason."];
}

/** The failure that a thrown error is; failures come back as they are. */
export function s3Failure(action: S3Action, thrown: unknown, facts: readonly string[] = []): Failure {
  if (thrown instanceof Failure) return thrown;
  const error = readS3Error(thrown);
  const [kind, found, remedy] =
    tokenVerdict(error) ?? placeVerdict(error, action) ?? accessVerdict(error, action) ?? otherVerdict(error);
  const details: FailureDetails = {
    message: `cannot ${action.verb} ${addressOf(action)}: ${found}`,
    remedy,
    facts,
    cause: thrown,
  };
  return new Failure(kind, details);
}
