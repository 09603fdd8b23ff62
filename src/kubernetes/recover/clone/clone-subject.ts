/**
 * What of a cluster the way *clone* has to do with: which of the container's variables name its archive, and which reach it.
 *
 * Spilo reads every name of an archive once more with `CLONE_` before it, and never falls back to the name without. So what
 * reaches the live archive is set again under that name, from the same source.
 *
 * Source: Spilo `configure_spilo.py` (`write_wale_environment`, `get_placeholders`).
 *
 * @module
 */

import type { ContainerVariable } from '../../find/container-environment.ts';
import type { FoundCluster } from '../../find/find-cluster.ts';

/** What the way has to do with. */
export interface CloneSubject {
  readonly container: string;
  readonly scope: string;
  /** Those that are to name the new location. */
  readonly prefixVariables: readonly string[];
  /** The one that names the location to restore from. */
  readonly cloneVariable: string;
  readonly copied: readonly string[];
  /** What a claim that the StatefulSet makes asks for. */
  readonly claimBytes: bigint;
}

interface Store {
  readonly names: readonly string[];
  readonly wale: string | undefined;
  readonly walg: string;
}

/** Those that Spilo can clone from. */
const STORES: readonly Store[] = [
  {
    names: ['WAL_S3_BUCKET', 'WALE_S3_PREFIX', 'WALG_S3_PREFIX'],
    wale: 'WALE_S3_PREFIX',
    walg: 'WALG_S3_PREFIX',
  },
  {
    names: ['WAL_GS_BUCKET', 'WAL_GCS_BUCKET', 'WALE_GS_PREFIX', 'WALG_GS_PREFIX'],
    wale: 'WALE_GS_PREFIX',
    walg: 'WALG_GS_PREFIX',
  },
  { names: ['WALG_AZ_PREFIX'], wale: undefined, walg: 'WALG_AZ_PREFIX' },
];

/** What reading an archive needs: the way to the store, and keys. */
const REACHES =
  /^(?:AWS_(?:ACCESS_KEY_ID|SECRET_ACCESS_KEY|ENDPOINT|REGION|S3_FORCE_PATH_STYLE|INSTANCE_PROFILE|ROLE_ARN|WEB_IDENTITY_TOKEN_FILE|STS_REGIONAL_ENDPOINTS)|WALE_S3_ENDPOINT|WALG_S3_CA_CERT_FILE|GOOGLE_APPLICATION_CREDENTIALS|STORAGE_EMULATOR_HOST|AZURE_(?:STORAGE_ACCOUNT|STORAGE_ACCESS_KEY|STORAGE_SAS_TOKEN|TENANT_ID|CLIENT_ID|CLIENT_SECRET|ENVIRONMENT_NAME)|WALG_LIBSODIUM_KEY(?:_PATH|_TRANSFORM)?|WALG_PGP_KEY(?:_PATH|_PASSPHRASE)?|https?_proxy|no_proxy)$/;

type Environment = ReadonlyMap<string, ContainerVariable>;

function isSet(environment: Environment, name: string): boolean {
  return (environment.get(name)?.secretValue ?? '') !== '';
}

function storeOf(environment: Environment): Store | undefined {
  return STORES.find(({ names }) => names.some((name) => isSet(environment, name)));
}

function templateBytes({ cluster }: FoundCluster): bigint {
  return cluster.claimTemplate?.sizeBytes ?? 0n;
}

/** A text says why the way cannot be taken. */
export function cloneSubjectOf(found: FoundCluster): CloneSubject | string {
  const { cluster, container, environment, archive } = found;
  const scope = environment.get('SCOPE')?.secretValue ?? '';
  if (cluster.patroni === undefined) return 'Patroni does not run it with its state in this namespace';
  if (scope === '' || isSet(environment, 'WALKBACK_ARCHIVE'))
    return 'its container does not take the variables of Spilo';
  if (archive === undefined || archive.container.name !== container.name)
    return 'its archive is not named by the container of the database';
  const left = [...environment.keys()].filter((name) => name.startsWith('CLONE_'));
  if (left.length > 0) return `${left.join(', ')} of an earlier clone are still set: take them out first`;
  const store = storeOf(environment);
  if (store === undefined) return 'its archive is in no store that Spilo clones from (S3, Google Cloud Storage, Azure)';
  const copied = [...environment.keys()].filter((name) => REACHES.test(name) && isSet(environment, name));
  const named = new Set((container.env ?? []).map(({ name }) => name));
  const whole = copied.filter((name) => !named.has(name));
  if (whole.length > 0)
    return `${whole.join(', ')} come with a whole Secret or ConfigMap (envFrom): name them one by one, so that they can be set for the clone too`;
  const { wale, walg } = store;
  return {
    container: container.name,
    scope,
    prefixVariables: wale === undefined ? [walg] : [wale, ...(isSet(environment, walg) ? [walg] : [])],
    cloneVariable: `CLONE_${walg}`,
    copied,
    claimBytes: templateBytes(found),
  };
}
