/**
 * Settings of archives in Google Cloud Storage.
 *
 * Source of the other names: WAL-G `pkg/storages/gcs/configure.go`.
 *
 * @module
 */

import { walgNames, type Setting } from './setting.ts';
import { boolean, text } from './value-kind.ts';

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
} as const satisfies Record<string, Setting>;
