/**
 * Archives of releases: a bucket that is there, as the seed has it, and one that the chart's own Job provisions.
 *
 * @module
 */

import { randomBytes } from 'node:crypto';

import { ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';

import type { BedArchive } from '../../../tests/support/kubernetes/bed-archive.ts';
import type { TestNamespace } from '../../../tests/support/kubernetes/namespace.ts';
import type { S3TestServer } from '../../../tests/support/minio.ts';

/** The archive of one release. */
export interface ChartArchive {
  /** Values beside the chart's name and image. */
  readonly values: Readonly<Record<string, string>>;
  /** Makes what must be in the namespace before the installation. */
  prepare(namespace: TestNamespace): Promise<void>;
  /** Names of what is in its folder of backups. */
  backups(namespace: TestNamespace, app: string): Promise<readonly string[]>;
}

/** The Secret that seed-values.yaml names. */
export const BUCKET_SECRET = 'gcp-shop-dev-walg-service-account-key';

/** A bucket of Google that somebody has made, with its Secret. */
export function givenBucket(archive: BedArchive): ChartArchive {
  return {
    values: {
      'walE.gcsBucket': archive.bucket,
      'walE.kubernetesSecret': BUCKET_SECRET,
      'env.STORAGE_EMULATOR_HOST': archive.emulator,
      // An emulator is asked without credentials, and Google's are sent to no server without TLS.
      'env.GOOGLE_APPLICATION_CREDENTIALS': '',
    },
    prepare: (namespace) => archive.writeSecret(namespace, BUCKET_SECRET),
    backups: (namespace, app) => archive.objects(`wal/${namespace.name}-${app}/basebackups_005/`),
  };
}

/** A bucket of S3 that is not there yet: the chart's Job makes it, its accounts and the Secret. */
export function provisionedBucket(server: S3TestServer): ChartArchive {
  const bucket = `shop-${randomBytes(4).toString('hex')}`;
  const { accessKeyId, secretAccessKey } = server.credentials;
  return {
    values: {
      'walE.s3Bucket': bucket,
      'walE.s3Endpoint': server.endpoint,
      'walE.s3Region': 'us-east-1',
      'walE.kubernetesSecret': `s3-${bucket}-access-key`,
      'bucket.provision.enabled': 'true',
      'bucket.provision.adminSecret': 'object-store-admin',
    },
    prepare: async (namespace) => {
      const stringData = { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey };
      const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'object-store-admin' }, stringData };
      await namespace.kubectl(['apply', '--server-side', '--filename', '-'], JSON.stringify(secret));
    },
    backups: async (namespace, app) => {
      const { endpoint, credentials } = server;
      const client = new S3Client({ endpoint, credentials, region: 'us-east-1', forcePathStyle: true });
      const Prefix = `spilo/${namespace.name}-${app}/`;
      const listed = await client.send(new ListObjectsV2Command({ Bucket: bucket, Prefix }));
      client.destroy();
      return (listed.Contents ?? []).flatMap(({ Key = '' }) => (Key.includes('/basebackups_005/') ? [Key] : []));
    },
  };
}
