/**
 * Archives of releases: a bucket that is there, as the seed has it, and such as the chart's own Job provisions.
 *
 * @module
 */

import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';

import { TestAuthority } from '../../../tests/support/certificates.ts';
import { GoogleCloud } from '../../../tests/support/google-cloud.ts';
import { HOST_ADDRESS } from '../../../tests/support/kubernetes/bed.ts';
import type { BedArchive } from '../../../tests/support/kubernetes/bed-archive.ts';
import type { TestNamespace } from '../../../tests/support/kubernetes/namespace.ts';
import { startMinio, type S3TestServer } from '../../../tests/support/minio.ts';

/** The archive of one release. Disposing ends what was started for it. */
export interface ChartArchive extends AsyncDisposable {
  /** Values beside the chart's name and image. */
  readonly values: Readonly<Record<string, string>>;
  /** Makes what must be in the namespace before the installation. */
  prepare(namespace: TestNamespace): Promise<void>;
  /** Names of what is in its folder of backups. */
  backups(namespace: TestNamespace, app: string): Promise<readonly string[]>;
}

/** Opens one. A text says why it cannot be had here. */
export type OpensArchive = (archive: BedArchive) => Promise<ChartArchive | string>;

/** The Secret that seed-values.yaml names. */
export const BUCKET_SECRET = 'gcp-shop-dev-walg-service-account-key';
/** The Secret with what may make buckets and accounts. */
const ADMIN_SECRET = 'object-store-admin';

const newBucketName = (): string => `shop-${randomBytes(4).toString('hex')}`;

async function writeSecret(
  namespace: TestNamespace,
  name: string,
  stringData: Readonly<Record<string, string>>,
): Promise<void> {
  const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name }, stringData };
  await namespace.kubectl(['apply', '--server-side', '--filename', '-'], JSON.stringify(secret));
}

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
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

/** A bucket of S3 that is not there yet: the chart's Job makes it, its users and the Secret. */
export async function provisionedInS3(): Promise<ChartArchive | string> {
  const server = await startMinio({ host: HOST_ADDRESS });
  if (server?.kind === 'minio') return inMinio(server);
  await server?.[Symbol.asyncDispose]();
  return 'there is no MinIO, and no other server of S3 here has users';
}

function inMinio(server: S3TestServer): ChartArchive {
  const bucket = newBucketName();
  const { endpoint, credentials } = server;
  return {
    values: {
      'walE.s3Bucket': bucket,
      'walE.s3Endpoint': endpoint,
      'walE.s3Region': 'us-east-1',
      'walE.kubernetesSecret': `s3-${bucket}-access-key`,
      'bucket.provision.enabled': 'true',
      'bucket.provision.adminSecret': ADMIN_SECRET,
    },
    prepare: (namespace) =>
      writeSecret(namespace, ADMIN_SECRET, {
        AWS_ACCESS_KEY_ID: credentials.accessKeyId,
        AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      }),
    backups: async (namespace, app) => {
      const client = new S3Client({ endpoint, credentials, region: 'us-east-1', forcePathStyle: true });
      const Prefix = `spilo/${namespace.name}-${app}/`;
      const listed = await client.send(new ListObjectsV2Command({ Bucket: bucket, Prefix }));
      client.destroy();
      return (listed.Contents ?? []).flatMap(({ Key = '' }) => (Key.includes('/basebackups_005/') ? [Key] : []));
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** The Secret with the passwords: a pod mounts it, so that it can bring the authority of the bucket's server as well. */
const PASSWORDS_SECRET = 'passwords';
const AUTHORITY = 'ca.crt';

/**
 * A bucket of Google that is not there yet: the chart's Job makes it, its service accounts, their keys and the Secret, and the members
 * use the key that it has put there. The server is fake-gcs-server, with accounts, keys, tokens and policies in front of it as Google's
 * documentation has them (tests/support/google-cloud.ts): no emulator has these, so that Google itself stays untried.
 */
export async function provisionedAtGoogle(archive: BedArchive): Promise<ChartArchive> {
  const folder = await mkdtemp(join(tmpdir(), 'walkback-google-'));
  const authority = await TestAuthority.make(folder);
  const certificate = await authority.sign('google', `IP:${HOST_ADDRESS}`);
  const cloud = await GoogleCloud.start(`http://${archive.emulator}`, { host: HOST_ADDRESS, certificate });
  const bucket = newBucketName();
  return {
    values: {
      'walE.gcsBucket': bucket,
      'walE.kubernetesSecret': `gcp-${bucket}-service-account-key`,
      'bucket.provision.enabled': 'true',
      'bucket.provision.adminSecret': ADMIN_SECRET,
      'bucket.provision.arguments[0]': '--iam-endpoint',
      'bucket.provision.arguments[1]': cloud.endpoint,
      'bucket.provision.env.WALKBACK_GCS_ENDPOINT': cloud.endpoint,
      'bucket.provision.env.WALKBACK_GCS_CA_FILE': `/etc/admin/${AUTHORITY}`,
      'env.WALKBACK_GCS_ENDPOINT': cloud.endpoint,
      'env.WALKBACK_GCS_CA_FILE': `/etc/patroni/${AUTHORITY}`,
      'credentials.existingSecret': PASSWORDS_SECRET,
    },
    prepare: async (namespace) => {
      const ca = await readFile(authority.cert, 'utf8');
      await writeSecret(namespace, ADMIN_SECRET, { 'credentials.json': cloud.adminKey(), [AUTHORITY]: ca });
      const passwords = ['superuser', 'admin', 'standby'].map((role) => [
        `password-${role}`,
        randomBytes(12).toString('hex'),
      ]);
      await writeSecret(namespace, PASSWORDS_SECRET, { ...Object.fromEntries(passwords), [AUTHORITY]: ca });
    },
    backups: (namespace, app) => archive.objectsIn(bucket, `wal/${namespace.name}-${app}/basebackups_005/`),
    [Symbol.asyncDispose]: async () => {
      await cloud[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
