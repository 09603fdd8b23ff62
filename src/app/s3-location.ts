/**
 * From settings to an archive in S3.
 *
 * @module
 */

import { Failure } from '../base/failure.ts';
import type { ArchiveAddress } from '../config/archive-address.ts';
import type { Settings } from '../config/load-settings.ts';
import { refuseUnsupportedS3 } from '../config/s3-refusal.ts';
import type { StoreLocation } from '../storage/open.ts';
import { defined, httpSettings } from './store-location-parts.ts';

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

/** With an access key a web identity is not used: the AWS chain, and WAL-G, take the key first. */
function role(settings: Settings, credentials: S3Location['credentials']): S3Location['role'] {
  const arn = settings.get('s3RoleArn');
  const webIdentityTokenFile = settings.get('s3WebIdentityTokenFile');
  if (credentials !== undefined && webIdentityTokenFile !== undefined) return undefined;
  if (arn === undefined) {
    if (webIdentityTokenFile === undefined) return undefined;
    throw new Failure('usage', {
      message: `cannot use the web identity of ${webIdentityTokenFile}: no role is set that it may assume`,
      remedy: 'Set AWS_ROLE_ARN too, or unset AWS_WEB_IDENTITY_TOKEN_FILE.',
    });
  }
  const more = defined({ webIdentityTokenFile, stsEndpoint: settings.get('s3StsEndpoint') });
  return { arn, sessionName: settings.get('s3RoleSessionName'), ...more };
}

function unusableEncryption(found: string, remedy: string): Failure {
  return new Failure('usage', { message: `cannot use the encryption that is set for S3: ${found}`, remedy });
}

/**
 * What the store is asked to encrypt with. WAL-G ignores a customer's key without a method, and writes what was to be
 * encrypted with it as the bucket is set: here that is an error.
 */
function encryption(settings: Settings): S3Location['encryption'] {
  const method = settings.get('s3Encryption');
  const keyId = settings.get('s3EncryptionKmsKey');
  const customerKey = settings.get('s3EncryptionCustomerKey');
  const nameOf = (name: 's3EncryptionKmsKey' | 's3EncryptionCustomerKey'): string =>
    settings.find(name)?.source.where ?? '';
  if (keyId !== undefined && method !== 'aws:kms')
    throw unusableEncryption(
      `${nameOf('s3EncryptionKmsKey')} names a key of the key service, and the method is ${method ?? 'not set'}`,
      'Set S3_SSE to aws:kms, or unset the key.',
    );
  if (customerKey !== undefined && method !== 'AES256')
    throw unusableEncryption(
      `${nameOf('s3EncryptionCustomerKey')} holds a key, and the method is ${method ?? 'not set'}: objects would be written without it`,
      'Set S3_SSE to AES256, or unset the key.',
    );
  if (customerKey !== undefined) return { kind: 'customer', key: Buffer.from(customerKey).toString('base64') };
  if (method !== 'aws:kms') return method === undefined ? undefined : { kind: method };
  if (keyId !== undefined) return { kind: 'aws:kms', keyId };
  throw unusableEncryption('the method is aws:kms, and no key is named', 'Set S3_SSE_KMS_ID.');
}

function retention(settings: Settings): S3Location['retention'] {
  const seconds = settings.get('s3RetentionSeconds');
  return seconds <= 0 ? undefined : { mode: settings.get('s3RetentionMode'), seconds };
}

/** How the settings say that S3 is reached. @throws {Failure} `usage`, `refused`. */
export function s3Location(address: Extract<ArchiveAddress, { kind: 's3' }>, settings: Settings): S3Location {
  refuseUnsupportedS3(settings.environment);
  const credentials = s3Credentials(settings);
  return {
    ...address,
    forcePathStyle: settings.get('s3ForcePathStyle'),
    isDualStack: settings.get('s3DualStack'),
    ...httpSettings(settings),
    ...defined({
      region: settings.get('s3Region'),
      endpoint: settings.get('s3Endpoint'),
      credentials,
      role: role(settings, credentials),
      encryption: encryption(settings),
      retention: retention(settings),
      storageClass: settings.get('s3StorageClass'),
      caFile: settings.get('s3CaFile'),
      maxPartSizeBytes: settings.isSet('s3MaxPartSize') ? settings.get('s3MaxPartSize') : undefined,
    }),
  };
}
