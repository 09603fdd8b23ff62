/**
 * Settings of archives in S3.
 *
 * Source of the other names: WAL-G `pkg/storages/s3/configure.go`, the AWS command line.
 *
 * @module
 */

import { walgNames, type Setting } from './setting.ts';
import { boolean, bytes, choice, integer, matching, path, text, type ValueKind } from './value-kind.ts';

/** The key is the text itself, not an encoding of it. WAL-G checks no length, and the store refuses another. */
const customerKeyText: ValueKind<string> = {
  placeholder: 'KEY',
  expects: '32 bytes of text',
  parse: (given) => (Buffer.byteLength(given) === 32 ? given : undefined),
};

/** Settings of the store `s3`. */
export const S3_SETTINGS = {
  s3Prefix: {
    group: 'archive',
    kind: text,
    summary:
      "The archive in S3, as WAL-G names it. Used when `archive` is not set; no other prefix of WAL-G's may be set too.",
    example: 's3://backups/shop-prod',
    alsoFrom: ['WALG_S3_PREFIX', 'WALE_S3_PREFIX'],
    environmentOnly: true,
  },
  s3AccessKeyId: {
    group: 'archive',
    kind: text,
    summary:
      'The access key for S3. Absent, with no secret key: the usual AWS chain (profile, web identity, container, instance).',
    example: 'AKIAIOSFODNN7EXAMPLE',
    alsoFrom: walgNames('AWS_ACCESS_KEY_ID', 'AWS_ACCESS_KEY'),
    secret: true,
  },
  s3SecretAccessKey: {
    group: 'archive',
    kind: text,
    summary: 'The secret key that belongs to the access key.',
    example: '(a secret)',
    alsoFrom: walgNames('AWS_SECRET_ACCESS_KEY', 'AWS_SECRET_KEY'),
    secret: true,
  },
  s3SessionToken: {
    group: 'archive',
    kind: text,
    summary: 'The session token of temporary credentials.',
    example: '(a secret)',
    alsoFrom: walgNames('AWS_SESSION_TOKEN'),
    secret: true,
  },
  s3Region: {
    group: 'archive',
    kind: text,
    summary:
      "The bucket's region. Absent: the AWS chain's unless there is an endpoint, else us-east-1 is asked where it is.",
    example: 'ca-central-1',
    alsoFrom: [...walgNames('AWS_REGION'), 'AWS_DEFAULT_REGION'],
  },
  s3Endpoint: {
    group: 'archive',
    kind: text,
    summary: 'The address of an S3 server other than Amazon. Without a scheme, https is used.',
    example: 'https://minio.example.net:9000',
    alsoFrom: [...walgNames('AWS_ENDPOINT'), 'AWS_ENDPOINT_URL_S3', 'AWS_ENDPOINT_URL'],
  },
  s3ForcePathStyle: {
    group: 'archive',
    kind: boolean,
    summary:
      "Address objects as endpoint/bucket/key instead of bucket.endpoint/key, which most servers of one's own need.",
    default: 'false',
    example: 'true',
    alsoFrom: walgNames('AWS_S3_FORCE_PATH_STYLE', 'S3_FORCE_PATH_STYLE'),
  },
  s3StorageClass: {
    group: 'archive',
    kind: text,
    summary: 'The storage class of what is written. Absent: the default of the bucket.',
    example: 'STANDARD_IA',
    alsoFrom: walgNames('S3_STORAGE_CLASS'),
  },
  s3CaFile: {
    group: 'archive',
    kind: path,
    summary: 'A file of certificates (PEM) by which the S3 server is trusted, beside those the system trusts.',
    example: '/etc/ssl/minio-ca.pem',
    alsoFrom: walgNames('S3_CA_CERT_FILE'),
  },
  s3MaxPartSize: {
    group: 'archive',
    kind: bytes(5 * 1024 ** 2, 5 * 1024 ** 3),
    summary: 'The size of one part of a multipart upload, 5MB to 5GB. An object can have 10,000 parts.',
    default: '5MB',
    example: '64MB',
    alsoFrom: walgNames('S3_MAX_PART_SIZE'),
  },
  s3RoleArn: {
    group: 'archive',
    kind: matching(/^arn:\S+$/, 'ARN', "a role's ARN, such as arn:aws:iam::123456789012:role/backup"),
    summary:
      'The role that is assumed: with the token of `s3-web-identity-token-file` if that is set too (IRSA), otherwise with the credentials.',
    example: 'arn:aws:iam::123456789012:role/backup',
    alsoFrom: walgNames('AWS_ROLE_ARN'),
  },
  s3RoleSessionName: {
    group: 'archive',
    kind: matching(/^[\w+=,.@-]{2,64}$/, 'NAME', '2 to 64 letters, digits or any of _+=,.@-'),
    summary: 'The name under which the role is assumed, seen in the logs of AWS.',
    default: 'walkback',
    example: 'shop-prod',
    alsoFrom: walgNames('AWS_ROLE_SESSION_NAME'),
  },
  s3WebIdentityTokenFile: {
    group: 'archive',
    kind: path,
    summary: 'A file with the token of a web identity, by which the role is assumed. Kubernetes keeps it fresh.',
    example: '/var/run/secrets/eks.amazonaws.com/serviceaccount/token',
    alsoFrom: ['AWS_WEB_IDENTITY_TOKEN_FILE'],
  },
  s3StsEndpoint: {
    group: 'archive',
    kind: text,
    summary: "The address of the server that gives a role's credentials. Absent: AWS's in the region.",
    example: 'https://minio.example.net:9000',
    alsoFrom: ['AWS_ENDPOINT_URL_STS'],
  },
  s3RetentionSeconds: {
    group: 'archive',
    kind: integer(-1, 100 * 366 * 86_400),
    summary:
      'For how many seconds every object that is written is locked, in a bucket with object locks: prune can hide it, and nobody can take it away. -1: as the bucket is set.',
    default: '-1',
    example: '2592000',
    alsoFrom: walgNames('S3_RETENTION_PERIOD'),
  },
  s3RetentionMode: {
    group: 'archive',
    kind: choice(['GOVERNANCE', 'COMPLIANCE']),
    summary: 'Who may end the lock of `s3-retention-seconds` early: whoever is allowed to, or nobody.',
    default: 'GOVERNANCE',
    example: 'COMPLIANCE',
    alsoFrom: walgNames('S3_RETENTION_MODE'),
  },
  s3DualStack: {
    group: 'archive',
    kind: boolean,
    summary: "Reaches AWS at its addresses that answer over IPv6 too. Not with an endpoint of one's own.",
    default: 'false',
    example: 'true',
    alsoFrom: walgNames('AWS_DUAL_STACK'),
  },
  s3Encryption: {
    group: 'archive',
    kind: choice(['AES256', 'aws:kms']),
    summary:
      'How the store encrypts what is written. Absent: as the bucket is set. aws:kms needs `s3-encryption-kms-key`.',
    example: 'AES256',
    alsoFrom: walgNames('S3_SSE'),
  },
  s3EncryptionKmsKey: {
    group: 'archive',
    kind: text,
    summary: 'The key of the key service with which the store encrypts, for `s3-encryption` aws:kms.',
    example: 'arn:aws:kms:ca-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab',
    alsoFrom: walgNames('S3_SSE_KMS_ID'),
  },
  s3EncryptionCustomerKey: {
    group: 'archive',
    kind: customerKeyText,
    summary:
      "The customer's own key (SSE-C): 32 bytes as they are, as WAL-G takes them. The store encrypts with it and does not keep it: without it nothing can be read. Needs `s3-encryption` AES256.",
    example: '0123456789abcdef0123456789abcdef',
    alsoFrom: walgNames('S3_SSE_C'),
    secret: true,
  },
} as const satisfies Record<string, Setting>;
