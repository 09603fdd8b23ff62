/**
 * Settings of archives in Google Cloud Storage.
 *
 * Source of the other names: WAL-G `pkg/storages/gcs/configure.go`.
 *
 * @module
 */

import { walgNames, type Setting } from './setting.ts';
import { boolean, bytes, matching, path, text } from './value-kind.ts';

/** Settings of the store `gcs`. */
export const GCS_SETTINGS = {
  gcsPrefix: {
    group: 'archive',
    kind: text,
    summary:
      "The archive in Google Cloud Storage, as WAL-G names it. Used when `archive` is not set; no other prefix of WAL-G's may be set too.",
    example: 'gs://backups/shop-prod',
    alsoFrom: ['WALG_GS_PREFIX', 'WALE_GS_PREFIX'],
    environmentOnly: true,
  },
  gcsNormalizePrefix: {
    group: 'archive',
    kind: boolean,
    summary: 'Takes doubled slashes out of a gs:// prefix. False: they are kept, as in the archives that WAL-E wrote.',
    default: 'true',
    example: 'false',
    alsoFrom: walgNames('GCS_NORMALIZE_PREFIX'),
  },
  gcsCredentialsFile: {
    group: 'archive',
    kind: path,
    summary:
      "A file of Google credentials: a service account's key, workload identity, impersonation or a login. Absent: the login of `gcloud`, else the metadata server of the machine or pod.",
    example: '/etc/walkback/google.json',
    alsoFrom: ['GOOGLE_APPLICATION_CREDENTIALS'],
  },
  gcsEndpoint: {
    group: 'archive',
    kind: text,
    summary: 'The address of a server other than storage.googleapis.com that speaks its JSON API.',
    example: 'https://storage.example.net',
  },
  gcsEmulatorHost: {
    group: 'archive',
    kind: text,
    summary: "An emulator of Google Cloud Storage, as Google's programs name it. It is asked without credentials.",
    example: '127.0.0.1:4443',
    alsoFrom: ['STORAGE_EMULATOR_HOST'],
    environmentOnly: true,
  },
  gcsMetadataHost: {
    group: 'archive',
    kind: text,
    summary: 'The metadata server that gives tokens to machines and pods, where it is not metadata.google.internal.',
    example: '169.254.169.254',
    alsoFrom: ['GCE_METADATA_HOST'],
    environmentOnly: true,
  },
  gcsEncryptionKey: {
    group: 'archive',
    kind: matching(/^[A-Za-z0-9+/]{43}=$/, 'KEY', '32 bytes in base64 (44 characters)'),
    summary: "The customer's own key (CSEK) with which Google encrypts the objects; it must be given for reading too.",
    example: 'MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=',
    alsoFrom: walgNames('GCS_ENCRYPTION_KEY'),
    secret: true,
  },
  gcsMaxChunkSize: {
    group: 'archive',
    kind: bytes(256 * 1024, 1024 ** 3),
    summary: 'Objects larger than this are sent in pieces of it, rounded down to 256kB; two are in memory per upload.',
    default: '16MB',
    example: '64MB',
    alsoFrom: walgNames('GCS_MAX_CHUNK_SIZE'),
  },
  gcsCaFile: {
    group: 'archive',
    kind: path,
    summary: 'A file of certificates (PEM) by which the server is trusted, beside those the system trusts.',
    example: '/etc/ssl/storage-ca.pem',
  },
} as const satisfies Record<string, Setting>;
