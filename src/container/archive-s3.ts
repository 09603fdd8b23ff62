/**
 * The variables of an archive in S3.
 *
 * Source: Spilo `configure_spilo.py` (`write_wale_environment`, its first branch).
 *
 * @module
 */

import { variablesOf } from '../config/environment.ts';
import type { SettingName } from '../config/settings.ts';
import type { ArchivePrefix, FoundStore } from './archive-store.ts';
import type { Reading } from './reading.ts';

type Variables = Record<string, string>;

/** The first variable of a setting that is set. */
function lookUp(reading: Reading, prefix: ArchivePrefix, name: SettingName): string | undefined {
  const [found] = reading.setOf(variablesOf(name).map((variable) => prefix + variable));
  return found === undefined ? undefined : reading.get(found);
}

interface Endpoint {
  readonly url: string;
  readonly isPathStyle: boolean;
}

/** `https+path://host:port` says the address and whether buckets stand in the path; AWS_ENDPOINT alone means path. */
function endpointOf(reading: Reading, prefix: ArchivePrefix): Endpoint | undefined {
  const aws = lookUp(reading, prefix, 's3Endpoint');
  const wale = reading.get(`${prefix}WALE_S3_ENDPOINT`);
  if (wale === undefined) return aws === undefined ? undefined : { url: aws, isPathStyle: true };
  const [, protocol, convention, rest] = /^(\w+)\+(\w+)(:\/\/.+)$/.exec(wale) ?? [];
  if (protocol === undefined || rest === undefined) {
    reading.refuse({
      of: `${prefix}WALE_S3_ENDPOINT`,
      found: `it is ${JSON.stringify(wale)}, and its form is protocol+convention://hostname:port`,
      remedy: `Write it as https+path://host:port, or take it out and set ${prefix}AWS_ENDPOINT.`,
    });
    return undefined;
  }
  return { url: aws ?? `${protocol}${rest}`, isPathStyle: convention === 'path' };
}

/** A bucket's name may hold its region; Spilo's other source, the machine's zone, is not asked here. */
function regionOf(reading: Reading, prefix: ArchivePrefix, hasEndpoint: boolean): string | undefined {
  const named = lookUp(reading, prefix, 's3Region');
  if (named !== undefined || hasEndpoint) return named;
  const places = ['WAL_S3_BUCKET', 'WALE_S3_PREFIX', 'WALG_S3_PREFIX'].map((name) => reading.get(prefix + name) ?? '');
  const found = /.*(\w{2}-\w+-\d)-.*/.exec(places.find((place) => place !== '') ?? '')?.[1];
  if (found === undefined)
    reading.refuse({
      of: `the archive ${places.find((place) => place !== '') ?? ''}`,
      found: `neither ${prefix}AWS_REGION nor the bucket's name tells its region`,
      remedy: `Set ${prefix}AWS_REGION${prefix === '' ? '' : '; the variable without CLONE_ or STANDBY_ does not count for it'}.`,
    });
  return found;
}

function checkKeys(reading: Reading, prefix: ArchivePrefix): void {
  const id = lookUp(reading, prefix, 's3AccessKeyId');
  const key = lookUp(reading, prefix, 's3SecretAccessKey');
  if ((id === undefined) === (key === undefined)) return;
  const [set, missing] =
    id === undefined ? ['SECRET_ACCESS_KEY', 'ACCESS_KEY_ID'] : ['ACCESS_KEY_ID', 'SECRET_ACCESS_KEY'];
  reading.refuse({
    of: `${prefix}AWS_${set}`,
    found: `${prefix}AWS_${missing} is not set, so the key is of no use`,
    remedy: 'Set both, or neither: then the role of the pod or the machine counts.',
  });
}

/** Spilo asks for AES256 where the store is Amazon's, unless WALE_ or WALG_DISABLE_S3_SSE is set. */
function encryptionOf(reading: Reading, prefix: ArchivePrefix, hasEndpoint: boolean): string | undefined {
  const named = lookUp(reading, prefix, 's3Encryption');
  const kmsKey = lookUp(reading, prefix, 's3EncryptionKmsKey');
  if (kmsKey !== undefined && named !== 'aws:kms')
    reading.refuse({
      of: `${prefix}WALG_S3_SSE_KMS_ID`,
      found: `it names a key of the key service, and ${prefix}WALG_S3_SSE is ${named ?? 'not set (AES256)'}`,
      remedy: `Set ${prefix}WALG_S3_SSE=aws:kms, or take the key out.`,
    });
  if (named !== undefined || prefix !== '') return named;
  const disabling = ['WALG_DISABLE_S3_SSE', 'WALE_DISABLE_S3_SSE'].map((name) => reading.boolean(name));
  const isDisabled = disabling.find((word) => word !== undefined) ?? hasEndpoint;
  return isDisabled ? undefined : 'AES256';
}

function checkEndpointsOfRoles(reading: Reading, prefix: ArchivePrefix): void {
  const name = `${prefix}AWS_STS_REGIONAL_ENDPOINTS`;
  if (reading.get(name) === undefined || reading.get(name) === 'regional') return;
  reading.refuse({
    of: name,
    found: `it is ${JSON.stringify(reading.get(name))}, and roles are asked for in their region only`,
    remedy: `Take it out, or set it to regional. For another server set WALKBACK_S3_STS_ENDPOINT.`,
  });
}

/** What the archive's directory holds beside the settings that are copied. */
export function s3Variables(reading: Reading, prefix: ArchivePrefix, found: FoundStore): Variables {
  checkKeys(reading, prefix);
  checkEndpointsOfRoles(reading, prefix);
  const endpoint = endpointOf(reading, prefix);
  const region = regionOf(reading, prefix, endpoint !== undefined);
  const encryption = encryptionOf(reading, prefix, endpoint !== undefined);
  const style = lookUp(reading, prefix, 's3ForcePathStyle');
  const isPathStyle = endpoint === undefined ? style : String(endpoint.isPathStyle);
  if (style !== undefined && isPathStyle !== style)
    reading.warn(
      `${prefix}AWS_S3_FORCE_PATH_STYLE is ${style}, and the endpoint makes it ${isPathStyle ?? ''}, as with Spilo`,
    );
  const metadata = ['AWS_EC2_METADATA_SERVICE_ENDPOINT', 'AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE'];
  return {
    ...(found.waleAddress === undefined ? {} : { WALE_S3_PREFIX: found.waleAddress }),
    WALG_S3_PREFIX: found.address,
    ...(endpoint === undefined ? {} : { AWS_ENDPOINT: endpoint.url }),
    ...(isPathStyle === undefined ? {} : { AWS_S3_FORCE_PATH_STYLE: isPathStyle }),
    ...(region === undefined ? {} : { AWS_REGION: region }),
    ...(encryption === undefined ? {} : { WALG_S3_SSE: encryption }),
    // These two are of the machine, not of the archive: Spilo takes them without any prefix.
    ...Object.fromEntries(reading.setOf(metadata).map((name) => [name, reading.get(name) ?? ''])),
  };
}
