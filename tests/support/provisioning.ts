/**
 * Provisions buckets as the command does, with Secrets in a file of the test's own.
 *
 * @module
 */

import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { openBucketWork, type BucketOptions } from '../../src/app/provision-bucket.ts';
import { storeLocation } from '../../src/app/store-location.ts';
import type { ProvisionPlan } from '../../src/bucket/plan-provision.ts';
import type { ProvisionReport } from '../../src/bucket/run-provision.ts';
import type { SecretData } from '../../src/bucket/secret-content.ts';
import { secretFile } from '../../src/bucket/secret-file.ts';
import { loadSettings } from '../../src/config/load-settings.ts';
import { openStore, type StoreLocation } from '../../src/storage/open.ts';
import type { ObjectStore } from '../../src/storage/object-store.ts';

const DEFAULTS: BucketOptions = {
  secret: undefined,
  viewerSecret: undefined,
  secretFile: undefined,
  writer: undefined,
  viewer: undefined,
  accounts: 'auto',
  iamEndpoint: undefined,
  project: undefined,
  place: undefined,
  versionDays: 30,
  uploadDays: 7,
  isRotating: false,
  isEndingFormer: false,
};

/** One run. */
export interface Provisioned {
  readonly plan: ProvisionPlan;
  readonly report: ProvisionReport;
  /** The Secrets by name, as they are afterwards. */
  readonly secrets: ReadonlyMap<string, SecretData>;
}

/** A name for a bucket that nobody else has. */
export function newBucketName(): string {
  return `wb-${randomBytes(6).toString('hex')}`;
}

/** One archive's environment, and the file that its Secrets are kept in. Disposing removes the file. */
export class Provisioning implements AsyncDisposable {
  readonly environment: Readonly<Record<string, string>>;
  readonly #folder: string;

  private constructor(environment: Readonly<Record<string, string>>, folder: string) {
    this.environment = environment;
    this.#folder = folder;
  }

  static async begin(environment: Readonly<Record<string, string>>): Promise<Provisioning> {
    return new Provisioning(environment, await mkdtemp(join(tmpdir(), 'walkback-secrets-')));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }

  get secretFile(): string {
    return join(this.#folder, 'secrets.json');
  }

  /** True if only its owner may read the file of Secrets. */
  async isPrivate(): Promise<boolean> {
    return ((await stat(this.secretFile)).mode & 0o77) === 0;
  }

  /** What a Secret holds, without anybody being asked. */
  async secret(name: string): Promise<SecretData | undefined> {
    return secretFile(this.secretFile).read(name);
  }

  async #open(options: Partial<BucketOptions>) {
    const settings = await loadSettings({ environment: this.environment, workingDirectory: '/' });
    return openBucketWork(settings, { ...DEFAULTS, secretFile: this.secretFile, ...options });
  }

  async plan(options: Partial<BucketOptions> = {}): Promise<ProvisionPlan> {
    await using work = await this.#open(options);
    return await work.plan();
  }

  async run(options: Partial<BucketOptions> = {}, proofMs = 20_000): Promise<Provisioned> {
    await using work = await this.#open(options);
    const plan = await work.plan();
    const report = await work.run(plan, { proofMs });
    return { plan, report, secrets: await work.secrets(plan) };
  }

  /** The archive as a program with other variables reaches it. */
  async store(variables: Readonly<Record<string, string>>): Promise<ObjectStore> {
    return openStore(await this.location(variables));
  }

  async location(variables: Readonly<Record<string, string>>): Promise<StoreLocation> {
    const environment = { ...this.environment, ...variables };
    return storeLocation(await loadSettings({ environment, workingDirectory: '/' }));
  }
}

/** The names of what is to be done. */
export function dueIn({ changes }: ProvisionPlan): string[] {
  return changes
    .filter(({ state }) => state === 'due')
    .map(({ change }) => ('role' in change ? `${change.kind}:${change.role}` : change.kind));
}

/** The only Secret. */
export function onlySecret({ secrets }: Provisioned): SecretData {
  const [first] = secrets.values();
  if (first === undefined || secrets.size !== 1) throw new Error(`there are ${secrets.size} Secrets`);
  return first;
}
