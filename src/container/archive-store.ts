/**
 * Which store an archive is in, and its address, from Spilo's variables: byte for byte as Spilo forms it, so that existing
 * archives are found.
 *
 * Everything is read with a prefix before its name (`CLONE_`, `STANDBY_`, or nothing), never falling back to the name
 * without it.
 *
 * Source: Spilo `configure_spilo.py` (`write_wale_environment`, `set_extended_wale_placeholders`).
 *
 * @module
 */

import type { Reading } from './reading.ts';

/** Before the name of each variable: the cluster's own archive, that of a clone, that of a standby's source. */
export type ArchivePrefix = '' | 'CLONE_' | 'STANDBY_';

/** A store, by the word in its variables. */
export type StoreName = 'S3' | 'GS' | 'AZ' | 'SSH' | 'FILE';

/** What the generated path holds. */
export interface ArchivePath {
  readonly scope: string | undefined;
  readonly scopePrefix: string;
  readonly scopeSuffix: string;
  /** The major as text, or nothing. */
  readonly version: string;
}

/** A store, with the archive's address in it. */
export interface FoundStore {
  readonly store: StoreName;
  /** What WAL-G is told: `WALG_<store>_PREFIX`. */
  readonly address: string;
  /** What WAL-E was told; `undefined` if nothing but WAL-G's own variable is set. */
  readonly waleAddress: string | undefined;
}

interface StoreVariables {
  readonly store: StoreName;
  readonly buckets: readonly string[];
  readonly wale: string | undefined;
  readonly walg: string;
}

const STORES: readonly StoreVariables[] = [
  { store: 'S3', buckets: ['WAL_S3_BUCKET'], wale: 'WALE_S3_PREFIX', walg: 'WALG_S3_PREFIX' },
  { store: 'GS', buckets: ['WAL_GCS_BUCKET', 'WAL_GS_BUCKET'], wale: 'WALE_GS_PREFIX', walg: 'WALG_GS_PREFIX' },
  { store: 'AZ', buckets: [], wale: undefined, walg: 'WALG_AZ_PREFIX' },
  { store: 'SSH', buckets: [], wale: undefined, walg: 'WALG_SSH_PREFIX' },
  { store: 'FILE', buckets: [], wale: undefined, walg: 'WALG_FILE_PREFIX' },
];

function namesOf({ buckets, wale, walg }: StoreVariables): readonly string[] {
  return [...buckets, ...(wale === undefined ? [] : [wale]), walg];
}

/** Every variable that names an archive by its address, without a prefix. */
export const PREFIX_VARIABLES: readonly string[] = STORES.flatMap(namesOf).filter((name) => name.endsWith('_PREFIX'));

function bucketOf(reading: Reading, prefix: ArchivePrefix, { buckets }: StoreVariables): string | undefined {
  const set = reading.setOf(buckets.map((name) => prefix + name));
  const [first, second] = set.map((name) => reading.get(name));
  if (first !== undefined && second !== undefined && first !== second)
    reading.refuse({
      of: set.join(' and '),
      found: `they name two buckets, ${first} and ${second}`,
      remedy: `Keep ${set[0] ?? ''}, which Spilo took, or the other one.`,
    });
  return first;
}

/** Where Spilo looks in a bucket. */
export function generatedAddress(store: StoreName, bucket: string, path: ArchivePath): string {
  const folder = `${path.scopePrefix}${path.scope ?? ''}${path.scopeSuffix}`;
  return `${store.toLowerCase()}://${bucket}/spilo/${folder}/wal/${path.version}`;
}

/** What is refused when an archive has two addresses, of which WAL-E took one and WAL-G the other. */
function warnOfTwo(reading: Reading, names: readonly [string, string], isWalg: boolean): void {
  const [wale, walg] = names;
  const values = `${reading.get(wale) ?? ''} and ${reading.get(walg) ?? ''}`;
  if (isWalg) {
    reading.warn(`${wale} and ${walg} differ: ${walg} counts, as it did for wal-g (${values})`);
    return;
  }
  reading.refuse({
    of: `${wale} and ${walg}`,
    found: `they name two archives: ${values}`,
    remedy: `Keep the one that is meant. wal-g took ${walg}, WAL-E took ${wale}.`,
  });
}

/** The store that the variables name; `undefined` if they name none. `isWalg`: Spilo would have written with wal-g. */
export function findStore(
  reading: Reading,
  prefix: ArchivePrefix,
  path: ArchivePath,
  isWalg: boolean,
): FoundStore | undefined {
  const named = STORES.filter((one) => reading.setOf(namesOf(one).map((name) => prefix + name)).length > 0);
  const [first, ...others] = named;
  if (first === undefined) return undefined;
  if (others.length > 0)
    reading.refuse({
      of: reading.setOf(named.flatMap(namesOf).map((name) => prefix + name)).join(', '),
      found: `they name archives in different stores, of which Spilo takes the first (${first.store})`,
      remedy: 'Keep the variables of one store.',
    });
  const bucket = bucketOf(reading, prefix, first);
  const explicit = first.wale === undefined ? undefined : reading.get(prefix + first.wale);
  const generated = bucket === undefined ? undefined : generatedAddress(first.store, bucket, path);
  const walg = reading.get(prefix + first.walg);
  if (first.wale !== undefined && explicit !== undefined && walg !== undefined && explicit !== walg)
    warnOfTwo(reading, [prefix + first.wale, prefix + first.walg], isWalg);
  const waleAddress = explicit ?? generated;
  return { store: first.store, address: walg ?? waleAddress ?? '', waleAddress };
}
