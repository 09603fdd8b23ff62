/**
 * The variables of an archive in Azure: its account, and one way to log in.
 *
 * Source: Spilo `configure_spilo.py` (`write_wale_environment`, the branch of WALG_AZ_PREFIX).
 *
 * @module
 */

import type { ArchivePrefix } from './archive-store.ts';
import type { Reading } from './reading.ts';

const WAYS: readonly (readonly string[])[] = [
  ['AZURE_STORAGE_ACCESS_KEY'],
  ['AZURE_STORAGE_SAS_TOKEN'],
  ['AZURE_CLIENT_ID', 'AZURE_CLIENT_SECRET', 'AZURE_TENANT_ID'],
];

/** The variables to leave out, because another way to log in comes before them. */
export function unusedAzureVariables(reading: Reading, prefix: ArchivePrefix): readonly string[] {
  if (reading.get(`${prefix}AZURE_STORAGE_ACCOUNT`) === undefined)
    reading.refuse({
      of: `${prefix}WALG_AZ_PREFIX`,
      found: `${prefix}AZURE_STORAGE_ACCOUNT is not set`,
      remedy: `Set ${prefix}AZURE_STORAGE_ACCOUNT to the storage account that the container is in.`,
    });
  const whole = WAYS.filter((names) => reading.setOf(names.map((name) => prefix + name)).length === names.length);
  const [used, ...others] = whole;
  if (used === undefined || others.length === 0) return [];
  reading.warn(
    `of ${whole
      .flat()
      .map((name) => prefix + name)
      .join(', ')}, only ${used.map((name) => prefix + name).join(', ')} is used to log in`,
  );
  return others.flat();
}
