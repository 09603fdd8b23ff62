/**
 * From settings and options to the provisioning of a bucket: which store, which names, where the Secrets are.
 *
 * @module
 */

import { Failure } from '../base/failure.ts';
import type { Role } from '../bucket/bucket-change.ts';
import { accountNames, checkNames, secretName, type BucketStore } from '../bucket/bucket-names.ts';
import { planProvision, readSecrets, type Provision, type ProvisionPlan } from '../bucket/plan-provision.ts';
import type { BucketProvider, BucketWishes } from '../bucket/provider.ts';
import { runProvision, type ProvisionOptions, type ProvisionReport } from '../bucket/run-provision.ts';
import type { SecretData } from '../bucket/secret-content.ts';
import type { SecretPlace } from '../bucket/secret-place.ts';
import type { Settings } from '../config/load-settings.ts';
import type { StoreLocation } from '../storage/open.ts';
import { storeLocation } from './store-location.ts';

/** What the command line says. */
export interface BucketOptions {
  readonly secret: string | undefined;
  readonly viewerSecret: string | undefined;
  /** Secrets go to this file instead of a namespace. */
  readonly secretFile: string | undefined;
  readonly writer: string | undefined;
  readonly viewer: string | undefined;
  readonly accounts: 'auto' | 'iam' | 'minio' | 'none';
  readonly iamEndpoint: string | undefined;
  readonly project: string | undefined;
  /** Where a bucket of Google's is made. */
  readonly place: string | undefined;
  readonly versionDays: number;
  readonly uploadDays: number;
  readonly isRotating: boolean;
  readonly isEndingFormer: boolean;
}

/** A bucket that is being provisioned. Disposing closes its store and its place of Secrets. */
export interface BucketWork extends AsyncDisposable {
  plan(): Promise<ProvisionPlan>;
  run(plan: ProvisionPlan, options: ProvisionOptions): Promise<ProvisionReport>;
  /** What the Secrets hold: for whoever asked to see it. */
  secrets(plan: ProvisionPlan): Promise<ReadonlyMap<string, SecretData>>;
}

type BucketLocation = Extract<StoreLocation, { readonly kind: BucketStore }>;

function bucketLocation(settings: Settings): BucketLocation {
  const location = storeLocation(settings);
  if (location.kind !== 'file' && location.kind !== 'ssh') return location;
  throw new Failure('usage', {
    message: `cannot provision a bucket for ${location.path}: it is a folder`,
    remedy:
      'Name an archive in a bucket: --archive s3://bucket/prefix, gs://bucket/prefix or azure://container/prefix.',
  });
}

const SCHEMES: Readonly<Record<BucketStore, string>> = { s3: 's3', gcs: 'gs', azure: 'azure' };

function provisionOf(location: BucketLocation, { secret, viewerSecret }: BucketOptions): Provision {
  const bucket = location.kind === 'azure' ? location.container : location.bucket;
  const path = location.prefix === '' ? bucket : `${bucket}/${location.prefix}`;
  return {
    address: `${SCHEMES[location.kind]}://${path}`,
    bucket,
    secrets: {
      writer: secret ?? secretName(location.kind, bucket),
      ...(viewerSecret === undefined ? {} : { viewer: viewerSecret }),
    },
  };
}

const optional = <const K extends string>(name: K, value: string | undefined): { readonly [N in K]?: string } =>
  (value === undefined ? {} : { [name]: value }) as { readonly [N in K]?: string };

async function openProvider(
  location: BucketLocation,
  wishes: BucketWishes,
  options: BucketOptions,
): Promise<BucketProvider> {
  switch (location.kind) {
    case 's3': {
      const { S3Provider } = await import('../bucket/s3/s3-provider.ts');
      const accounts = { kind: options.accounts, ...optional('iamEndpoint', options.iamEndpoint) };
      return S3Provider.open(location, wishes, { accounts });
    }
    case 'gcs': {
      const { GcsProvider } = await import('../bucket/gcs/gcs-provider.ts');
      return GcsProvider.open(location, wishes, {
        accounts: options.accounts === 'none' ? 'none' : 'auto',
        ...optional('project', options.project),
        ...optional('place', options.place),
        ...optional('iamEndpoint', options.iamEndpoint),
      });
    }
    case 'azure': {
      const { AzureProvider } = await import('../bucket/azure/azure-provider.ts');
      return AzureProvider.open(location, wishes);
    }
  }
}

async function openPlace(settings: Settings, { secretFile }: BucketOptions): Promise<SecretPlace> {
  if (secretFile !== undefined) return (await import('../bucket/secret-file.ts')).secretFile(secretFile);
  const [{ secretNamespace }, { openNamespace }] = await Promise.all([
    import('../bucket/secret-namespace.ts'),
    import('./open-namespace.ts'),
  ]);
  return secretNamespace(await openNamespace(settings));
}

/** Opens all that is needed. Names are checked first; nothing is asked yet. @throws {Failure} `usage`, `denied`. */
export async function openBucketWork(settings: Settings, options: BucketOptions): Promise<BucketWork> {
  const location = bucketLocation(settings);
  const provision = provisionOf(location, options);
  const given: Partial<Record<Role, string>> = {
    ...optional('writer', options.writer),
    ...optional('viewer', options.viewer),
  };
  const names = accountNames(provision.bucket, given);
  const { writer, viewer } = provision.secrets;
  const secrets = viewer === undefined ? [writer] : [writer, viewer];
  checkNames({ store: location.kind, bucket: provision.bucket, accounts: names, secrets });
  const { versionDays, uploadDays, isRotating, isEndingFormer } = options;
  await using opened = new AsyncDisposableStack();
  const place = opened.use(await openPlace(settings, options));
  const wishes = { names, versionDays, uploadDays, isRotating, isEndingFormer };
  const provider = opened.use(await openProvider(location, wishes, options));
  const kept = opened.move();
  return {
    plan: async () => planProvision(provision, provider, place),
    run: async (plan, how) => runProvision(plan, provider, place, how),
    secrets: async (plan) => readSecrets(place, plan),
    [Symbol.asyncDispose]: async () => kept.disposeAsync(),
  };
}
