/**
 * How requests ask the store to encrypt, or to read what it encrypted with the customer's key.
 *
 * @module
 */

import type { CreateMultipartUploadCommandInput, HeadObjectCommandInput } from '@aws-sdk/client-s3';

import type { S3Location } from './s3-location.ts';

type CustomerKey = Pick<HeadObjectCommandInput, 'SSECustomerAlgorithm' | 'SSECustomerKey'>;
type Encryption = CustomerKey & Pick<CreateMultipartUploadCommandInput, 'ServerSideEncryption' | 'SSEKMSKeyId'>;

/** What every request for an object's bytes or size carries. The SDK adds the key's MD5. */
export function customerKey({ encryption }: S3Location): CustomerKey {
  return encryption?.kind === 'customer' ? { SSECustomerAlgorithm: 'AES256', SSECustomerKey: encryption.key } : {};
}

/** What every request carries that begins an object. */
export function writtenEncryption(location: S3Location): Encryption {
  const { encryption } = location;
  switch (encryption?.kind) {
    case undefined:
    case 'customer':
      return customerKey(location);
    case 'AES256':
      return { ServerSideEncryption: 'AES256' };
    case 'aws:kms':
      return { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: encryption.keyId };
  }
}
