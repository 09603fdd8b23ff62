/**
 * From settings to an open archive.
 *
 * @module
 */

import type { Compression } from '../base/compression-names.ts';
import { Failure } from '../base/failure.ts';
import { archiveAddress } from '../config/archive-address.ts';
import { refuseEncryption } from '../config/encryption-refusal.ts';
import type { Settings } from '../config/load-settings.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { openStore, type StoreLocation } from '../storage/open.ts';

/** An archive that is open. Disposing closes its store. */
export interface Archive extends AsyncDisposable {
  readonly store: ObjectStore;
  /** The cluster's name: from the settings, or the last part of the address. */
  readonly clusterName: string;
  /** For what is written to it. */
  readonly compression: Compression;
}

type S3Location = Extract<StoreLocation, { kind: 's3' }>;

/** Leaves out what is `undefined`, as optional members want it. */
function defined<T extends object>(members: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

function s3Credentials(settings: Settings): S3Location['credentials'] {
  const accessKeyId = settings.get('s3AccessKeyId')?.trim();
  const secretAccessKey = settings.get('s3SecretAccessKey')?.trim();
  if (accessKeyId === undefined && secretAccessKey === undefined) return undefined;
  if (accessKeyId !== undefined && secretAccessKey !== undefined) {
    return { accessKeyId, secretAccessKey, ...defined({ sessionToken: settings.get('s3SessionToken') }) };
  }
  const missing = accessKeyId === undefined ? 'AWS_ACCESS_KEY_ID' : 'AWS_SECRET_ACCESS_KEY';
  const given = settings.find(accessKeyId === undefined ? 's3SecretAccessKey' : 's3AccessKeyId')?.source.where ?? '';
  throw new Failure('usage', {
    message: `cannot use the credentials for S3: ${given} is set and ${missing} is not`,
    remedy: `Set ${missing} too, or unset ${given} to use the AWS chain of credentials.`,
  });
}

/** Where the settings say the archive is, and how it is reached. @throws {Failure} `usage`, `refused` (encryption). */
export function storeLocation(settings: Settings): StoreLocation {
  refuseEncryption(settings.environment);
  const address = archiveAddress(settings);
  if (address.kind === 'file') return address;
  return {
    ...address,
    forcePathStyle: settings.get('s3ForcePathStyle'),
    maxPartSizeBytes: settings.get('s3MaxPartSize'),
    ...defined({
      region: settings.get('s3Region'),
      endpoint: settings.get('s3Endpoint'),
      credentials: s3Credentials(settings),
      storageClass: settings.get('s3StorageClass'),
      caFile: settings.get('s3CaFile'),
    }),
  };
}

/** The last part of an address: `shop-prod` of `s3://backups/shop-prod`. */
function lastPart(location: StoreLocation): string {
  const path = location.kind === 'file' ? location.path : `${location.bucket}/${location.prefix}`;
  return path.split('/').findLast((part) => part !== '') ?? 'cluster';
}

/** Opens the archive. It is not asked anything yet. @throws {Failure} `usage`, `refused`. */
export async function openArchive(settings: Settings): Promise<Archive> {
  const location = storeLocation(settings);
  const store = await openStore(location, {
    attemptIdleMs: settings.get('storeIdleTimeout'),
    callMs: settings.get('storeCallTimeout'),
  });
  return {
    store,
    clusterName: settings.get('clusterName') ?? lastPart(location),
    compression: settings.get('compression'),
    [Symbol.asyncDispose]: () => store.close(),
  };
}
