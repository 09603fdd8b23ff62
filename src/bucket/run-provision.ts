/**
 * The run of a plan: one change after another, each key into its Secret as soon as it is made, and in the end a proof that
 * both accounts reach the bucket.
 *
 * What a permission is missing for does not stop what does not need it; in the end all that is missing is said at once.
 *
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises';

import { Failure, isFailure } from '../base/failure.ts';
import { openStore } from '../storage/open.ts';
import { secretSteps, typed, type SecretsByHand } from './by-hand.ts';
import { changeName, ROLES, type BucketChange, type PlannedChange, type Role } from './bucket-change.ts';
import { readSecrets, type ProvisionPlan } from './plan-provision.ts';
import type { BucketProvider, Credentials } from './provider.ts';
import { credentialEntries, heldIn, secretOf } from './secret-content.ts';
import type { SecretPlace } from './secret-place.ts';

/** How a run goes. */
export interface ProvisionOptions {
  readonly signal?: AbortSignal;
  readonly onChange?: (change: PlannedChange, outcome: 'begins' | 'done' | 'denied' | 'unsupported') => void;
  /** How long new accounts and keys may take until every server knows them. */
  readonly proofMs?: number;
}

/** What was done. */
export interface ProvisionReport {
  /** Changes by name. */
  readonly done: readonly string[];
  /** Whose credentials have read the bucket. */
  readonly proven: readonly Role[];
}

/** IAM of AWS takes ten seconds or so, Google says up to a minute or two. */
const PROOF_MS = 120_000;
const PROOF_PAUSE_MS = 2_000;

interface Lacking {
  readonly planned: PlannedChange;
  readonly message: string;
  /** False for what waits for something else: whether it may be done is not known. */
  readonly isMissing: boolean;
}

/** What cannot be done without another that was denied. A new key without rights would replace one that has them. */
function needs(change: BucketChange, denied: ReadonlySet<string>): boolean {
  if (denied.has('createBucket')) return change.kind !== 'createBucket';
  if (!('role' in change)) return false;
  return (
    denied.has(`createAccount:${change.role}`) || (change.kind === 'makeKey' && denied.has(`allow:${change.role}`))
  );
}

/** The new credentials if there are any, or the failure of a missing permission. */
async function tried(
  provider: BucketProvider,
  change: BucketChange,
): Promise<Credentials | 'unsupported' | Failure | undefined> {
  try {
    return await provider.run(change);
  } catch (error) {
    if (isFailure(error, 'denied')) return error;
    throw error;
  }
}

async function keep(plan: ProvisionPlan, place: SecretPlace, role: Role, credentials: Credentials): Promise<void> {
  // Another bucket's Secret is refused also if it came since the plan.
  await readSecrets(place, plan);
  const entries = credentialEntries(plan.secrets, { role, bucket: plan.bucket, credentials });
  await place.write(secretOf(plan.secrets, role), entries);
}

/** Reads the bucket as an account would. New accounts are not known everywhere at once. */
async function prove(
  provider: BucketProvider,
  role: Role,
  credentials: Credentials,
  { signal, proofMs = PROOF_MS }: ProvisionOptions,
): Promise<void> {
  const endsAtMs = performance.now() + proofMs;
  const store = await openStore(provider.locate(credentials));
  try {
    for (;;) {
      signal?.throwIfAborted();
      try {
        await store.listFolder('', signal === undefined ? {} : { signal });
        return;
      } catch (error) {
        const isOver = performance.now() + PROOF_PAUSE_MS > endsAtMs;
        if (!isFailure(error, 'denied')) throw error;
        if (isOver) throw unproven(role, error);
        await sleep(PROOF_PAUSE_MS);
      }
    }
  } finally {
    await store.close();
  }
}

function unproven(role: Role, cause: Failure): Failure {
  return new Failure('denied', {
    message: `cannot read the bucket with the credentials of the ${role} that the Secret holds: ${cause.message}`,
    remedy: 'If somebody changed the account or its key, give --rotate to make a new one.',
    cause,
  });
}

function lacking(plan: ProvisionPlan, all: readonly Lacking[], by: SecretsByHand): Failure {
  const permissions = [...new Set(all.filter((one) => one.isMissing).map(({ planned }) => planned.permission))];
  return new Failure('denied', {
    message: `cannot provision ${plan.address}: ${permissions.join(', ')} ${permissions.length === 1 ? 'is' : 'are'} missing`,
    facts: all.map(({ message }) => message),
    remedy: [
      'Allow that to these credentials and run it again; or do it by hand, with credentials that may:',
      ...typed(all.flatMap(({ planned }) => planned.byHand)),
      ...secretSteps(by, keyless(all)),
    ].join('\n'),
  });
}

/** The roles whose keys are to be made by hand. */
function keyless(all: readonly Lacking[]): Role[] {
  return all.flatMap(({ planned: { change } }) => (change.kind === 'makeKey' ? [change.role] : []));
}

/** Runs a plan. @throws {Failure} `denied` that names every missing permission, when all else is done. */
export async function runProvision(
  plan: ProvisionPlan,
  provider: BucketProvider,
  place: SecretPlace,
  options: ProvisionOptions = {},
): Promise<ProvisionReport> {
  const done: string[] = [];
  const denied = new Set<string>();
  const missing: Lacking[] = plan.changes
    .filter(({ state }) => state === 'hidden')
    .map((planned) => ({ planned, message: `not looked at: ${planned.summary}`, isMissing: true }));
  for (const planned of plan.changes.filter(({ state }) => state === 'due')) {
    options.signal?.throwIfAborted();
    const { change } = planned;
    if (needs(change, denied)) {
      missing.push({ planned, message: `not tried: ${planned.summary}`, isMissing: false });
      continue;
    }
    options.onChange?.(planned, 'begins');
    const made = await tried(provider, change);
    if (isFailure(made)) {
      denied.add(changeName(change));
      missing.push({ planned, message: made.message, isMissing: true });
      options.onChange?.(planned, 'denied');
      continue;
    }
    if (typeof made === 'object' && 'role' in change) await keep(plan, place, change.role, made);
    if (made !== 'unsupported') done.push(changeName(change));
    options.onChange?.(planned, made === 'unsupported' ? made : 'done');
  }
  const found = await readSecrets(place, plan);
  const { secrets } = plan;
  const { credentialNames } = provider;
  if (missing.length > 0)
    throw lacking(plan, missing, { secrets, place, credentialNames, there: new Set(found.keys()) });
  const held = heldIn(found, secrets);
  const proven: Role[] = [];
  for (const role of ROLES) {
    const credentials = held[role];
    if (credentials === undefined) continue;
    await prove(provider, role, credentials, options);
    proven.push(role);
  }
  return { done, proven };
}
