/**
 * Settings of the archive: where it is, how its store is reached, how objects are written.
 *
 * Sources of the other names: WAL-G's `internal/storage_adapter.go` and `pkg/storages/s3/configure.go`, Spilo's
 * `configure_spilo.py`.
 *
 * @module
 */

import { walgNames, type Setting } from './setting.ts';
import { archiveAddress, boolean, bytes, choice, duration, integer, path, text } from './value-kind.ts';

/** Settings of the archive and its store. */
export const ARCHIVE_SETTINGS = {
  archive: {
    group: 'archive',
    kind: archiveAddress,
    summary:
      "Where the cluster's backups and WAL are: a bucket with a prefix (s3://, gs://, azure://), a folder of another host (ssh://) or of this one. Decides over WAL-G's variables.",
    example: 's3://backups/shop-prod',
  },
  s3Prefix: {
    group: 'archive',
    kind: text,
    summary:
      "The archive in S3, as WAL-G names it. Used when `archive` is not set; no other prefix of WAL-G's may be set too.",
    example: 's3://backups/shop-prod',
    alsoFrom: ['WALG_S3_PREFIX', 'WALE_S3_PREFIX'],
    environmentOnly: true,
  },
  filePrefix: {
    group: 'archive',
    kind: text,
    summary:
      "The archive in a folder, as WAL-G names it. Used when `archive` is not set; no other prefix of WAL-G's may be set too.",
    example: '/srv/archive/shop-prod',
    alsoFrom: ['WALG_FILE_PREFIX', 'WALE_FILE_PREFIX'],
    environmentOnly: true,
  },
  storagePrefix: {
    group: 'archive',
    kind: text,
    summary: "A folder below WAL-G's prefix, in which the archive is. Not added to `archive`.",
    example: 'blue',
    alsoFrom: ['WALG_STORAGE_PREFIX'],
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
    summary: "The bucket's region. Absent: us-east-1 with an endpoint of one's own, otherwise the AWS chain's.",
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
    default: '20MB',
    example: '64MB',
    alsoFrom: walgNames('S3_MAX_PART_SIZE'),
  },
  storeIdleTimeout: {
    group: 'archive',
    kind: duration(100),
    summary: 'How long one attempt may go without a byte from the store before it is cut and tried again.',
    default: '20s',
    example: '10s',
  },
  storeCallTimeout: {
    group: 'archive',
    kind: duration(1000),
    summary: 'How long one call to the store may take in all, with its retries, before it fails as unavailable.',
    default: '2min',
    example: '5min',
  },
  compression: {
    group: 'writing',
    kind: choice(['zstd', 'lz4', 'none']),
    summary: 'How backups and WAL are compressed. All are read, whatever is set here.',
    default: 'zstd',
    example: 'lz4',
    alsoFrom: ['WALG_COMPRESSION_METHOD'],
  },
  uploadConcurrency: {
    group: 'writing',
    kind: integer(1, 1024),
    summary: 'How many uploads run at a time.',
    default: '8',
    example: '16',
    alsoFrom: ['WALG_UPLOAD_CONCURRENCY'],
  },
  compressionLevel: {
    group: 'writing',
    kind: integer(1, 19),
    summary: "zstd's level for backups, 1 (fast) to 19 (small). Absent: 1.",
    example: '3',
    alsoFrom: ['WALG_ZSTD_LEVEL'],
  },
  uploadDiskConcurrency: {
    group: 'writing',
    kind: integer(1, 256),
    summary: 'How many files a backup reads and compresses at a time.',
    default: '4',
    example: '8',
    alsoFrom: ['WALG_UPLOAD_DISK_CONCURRENCY'],
  },
  downloadConcurrency: {
    group: 'archive',
    kind: integer(1, 1024),
    summary: 'How many downloads run at a time.',
    default: '10',
    example: '16',
    alsoFrom: ['WALG_DOWNLOAD_CONCURRENCY'],
  },
} as const satisfies Record<string, Setting>;
