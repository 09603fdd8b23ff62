/**
 * From settings to an archive in S3.
 *
 * @module
 */

import { Failure } from '../base/failure.ts';
import type { ArchiveAddress } from '../config/archive-address.ts';
import type { Settings } from '../config/load-settings.ts';
import type { StoreLocation } from '../storage/open.ts';
import { defined } from './store-location-parts.ts';

type S3Location = Extract<StoreLocation, { kind: 's3' }>;

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

/** How the settings say that S3 is reached. @throws {Failure} `usage`. */
export function s3Location(address: Extract<ArchiveAddress, { kind: 's3' }>, settings: Settings): S3Location {
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
