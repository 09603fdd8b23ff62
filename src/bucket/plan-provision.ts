/**
 * The plan: what a bucket, its accounts and its Secrets are, and what will be done about it. Nothing is changed.
 *
 * @module
 */

import { isFailure } from '../base/failure.ts';
import type { PlannedChange } from './bucket-change.ts';
import { deniedLook } from './by-hand.ts';
import type { BucketProvider, Survey } from './provider.ts';
import { heldIn, namesIn, refuseForeign, secretOf, type SecretData, type SecretNames } from './secret-content.ts';
import type { SecretPlace } from './secret-place.ts';

/** What is provisioned. */
export interface Provision {
  /** The archive's address: `s3://backups/shop`. */
  readonly address: string;
  readonly bucket: string;
  readonly secrets: SecretNames;
}

/** A Secret of the plan. */
export interface PlannedSecret {
  readonly name: string;
  /** `the Secret shop/s3-backups-access-key` */
  readonly where: string;
  readonly exists: boolean;
  /** The names in it; no value is part of a plan. */
  readonly keys: readonly string[];
}

/** A printable value. */
export interface ProvisionPlan extends Provision {
  readonly changes: readonly PlannedChange[];
  readonly planned: readonly PlannedSecret[];
  readonly notes: readonly string[];
}

/** The Secrets that are there, by name. @throws {Failure} `conflict` for one that is another bucket's. */
export async function readSecrets(
  place: SecretPlace,
  { secrets, bucket }: Provision,
): Promise<ReadonlyMap<string, SecretData>> {
  const found = new Map<string, SecretData>();
  for (const name of new Set([secretOf(secrets, 'writer'), secretOf(secrets, 'viewer')])) {
    const data = await place.read(name);
    if (data === undefined) continue;
    refuseForeign(place.describe(name), data, bucket);
    found.set(name, data);
  }
  return found;
}

/** A survey; who may not look is told what to type instead. */
async function survey(
  { secrets }: Provision,
  provider: BucketProvider,
  place: SecretPlace,
  found: ReadonlyMap<string, SecretData>,
): Promise<Survey> {
  try {
    return await provider.survey(heldIn(found, secrets));
  } catch (error) {
    if (!isFailure(error, 'denied')) throw error;
    const { credentialNames } = provider;
    throw deniedLook(error, provider, { secrets, place, credentialNames, there: new Set(found.keys()) });
  }
}

/** Plans. @throws {Failure} for names that are taken, a bucket that must not be adopted, a Secret that cannot be written. */
export async function planProvision(
  provision: Provision,
  provider: BucketProvider,
  place: SecretPlace,
): Promise<ProvisionPlan> {
  const found = await readSecrets(place, provision);
  const { changes, notes } = await survey(provision, provider, place, found);
  const names = [...new Set([secretOf(provision.secrets, 'writer'), secretOf(provision.secrets, 'viewer')])];
  const planned = names.map((name): PlannedSecret => {
    const data = found.get(name);
    return { name, where: place.describe(name), exists: data !== undefined, keys: namesIn(data ?? {}) };
  });
  if (changes.some(({ change, state }) => change.kind === 'makeKey' && state === 'due'))
    for (const { name } of planned) await place.checkWritable(name);
  return { ...provision, changes, planned, notes };
}
