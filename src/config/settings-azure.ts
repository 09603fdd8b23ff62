/**
 * Settings of archives in Azure Blob Storage.
 *
 * Source of the other names: WAL-G `pkg/storages/azure/configure.go`.
 *
 * @module
 */

import type { Setting } from './setting.ts';
import { text } from './value-kind.ts';

/** Settings of the store `azure`. */
export const AZURE_SETTINGS = {
  azurePrefix: {
    group: 'archive',
    kind: text,
    summary:
      "The archive in Azure, as WAL-G names it. Used when `archive` is not set; no other prefix of WAL-G's may be set too.",
    example: 'azure://backups/shop-prod',
    alsoFrom: ['WALG_AZ_PREFIX', 'WALE_AZ_PREFIX'],
    environmentOnly: true,
  },
} as const satisfies Record<string, Setting>;
