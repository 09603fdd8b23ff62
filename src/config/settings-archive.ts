/**
 * Settings of the archive: where it is, how its store is reached, how objects are written.
 *
 * Sources of the other names: WAL-G's `internal/storage_adapter.go`, Spilo's `configure_spilo.py`.
 *
 * @module
 */

import type { Setting } from './setting.ts';
import { archiveAddress, choice, duration, integer, text, zstdLevel } from './value-kind.ts';

/** Settings of the archive and its store. */
export const ARCHIVE_SETTINGS = {
  archive: {
    group: 'archive',
    kind: archiveAddress,
    summary:
      "Where the cluster's backups and WAL are: a bucket with a prefix (s3://, gs://, azure://), a folder of another host (ssh://) or of this one. Decides over WAL-G's variables.",
    example: 's3://backups/shop-prod',
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
  failoverStorages: {
    group: 'archive',
    kind: text,
    summary:
      "Other stores to read, as WAL-G's setting has them: JSON of names, each with the settings of a store. They are never written.",
    example: '{"other": {"WALG_FILE_PREFIX": "/srv/other"}}',
    alsoFrom: ['WALG_FAILOVER_STORAGES'],
    secret: true,
  },
  compression: {
    group: 'writing',
    kind: choice(['zstd', 'lz4', 'brotli', 'none', 'lzma']),
    summary:
      'How backups and WAL are compressed; with lzma, nothing can be written. All are read, whatever is set here.',
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
    kind: zstdLevel,
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
    summary:
      'How many downloads run at a time. Where it is not set a restore unpacks two parts at a time for each processor, 4 to 10, which bounds its memory: each takes some 40 MiB.',
    default: '10',
    example: '16',
    alsoFrom: ['WALG_DOWNLOAD_CONCURRENCY'],
  },
} as const satisfies Record<string, Setting>;
