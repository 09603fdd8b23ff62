/**
 * A new place for the archive of a cluster that begins anew: in the bucket of the old one, beside it, so that the credentials stay good
 * and nothing of the old one is ever written over.
 *
 * @module
 */

import { Failure } from '../../base/failure.ts';
import type { StepFacts } from '../../recovery/journal.ts';
import type { StatefulSet } from '../api/kubernetes-objects.ts';
import { claimsInPlay } from '../recover/context.ts';
import { checkStillDown, statefulSetRef } from '../recover/pods-gone.ts';
import { savedObject } from '../recover/save-objects.ts';
import type { ResetContext } from './context.ts';
import type { MovedVariable } from './plan-value.ts';

const ADDRESS = /^(?:WAL[EG]_(?:S3|GS|AZ|SSH|FILE)_PREFIX|WALKBACK_ARCHIVE)$/;
const BUCKET = /^WAL_(?:S3|GS|GCS)_BUCKET$/;
const SUFFIX = 'WAL_BUCKET_SCOPE_SUFFIX';

/** `s3://backups/shop` → `s3://backups/shop-reset-7f3a`; of a reset that was reset again the newer id alone. */
export function movedAddress(address: string, id: string): string {
  const [, start = '', path = ''] = /^([a-z0-9]+:\/\/[^/]*|)(.*?)\/*$/s.exec(address) ?? [];
  const plain = path.replace(/-reset-[0-9a-f]+$/, '');
  return plain === '' ? `${start}/reset-${id}` : `${start}${plain}-reset-${id}`;
}

/**
 * Which variables get which value, so that the archive is in another place. Empty if none of them says where it is.
 *
 * @param environment the variables of the container, with their values.
 */
export function movedVariables(environment: ReadonlyMap<string, string>, id: string): ReadonlyMap<string, string> {
  const set = [...environment].filter(([, value]) => value !== '');
  const addresses = set.filter(([name]) => ADDRESS.test(name));
  const moved = new Map(addresses.map(([name, value]) => [name, movedAddress(value, id)]));
  // Of a bucket alone Spilo makes an address, in which the suffix is behind the scope.
  const isMade = set.some(([name]) => BUCKET.test(name)) && addresses.length === 0;
  if (!isMade) return moved;
  const suffix = (environment.get(SUFFIX) ?? '').replace(/-reset-[0-9a-f]+$/, '');
  return new Map([[SUFFIX, `${suffix}-reset-${id}`]]);
}

/** The StatefulSet's variables, changed by their names: nothing else of it is touched. */
function patchOf(variables: readonly { readonly container: string; readonly entry: object }[]): unknown {
  const containers = Map.groupBy(variables, ({ container }) => container);
  return {
    spec: {
      template: {
        spec: {
          containers: [...containers].map(([name, own]) => ({ name, env: own.map(({ entry }) => entry) })),
        },
      },
    },
  };
}

async function patchVariables(
  { uses, plan }: ResetContext,
  entries: readonly { readonly container: string; readonly entry: object }[],
): Promise<void> {
  const ref = statefulSetRef(plan.swap.statefulSet.name);
  await uses.api.patch(ref, { type: 'strategic', body: patchOf(entries) });
}

/** Gives the StatefulSet the variables of the plan, and proves that they name the new place and that it is empty. */
export async function moveArchive(context: ResetContext): Promise<StepFacts> {
  const { uses, plan } = context;
  const { to, variables } = plan.reset.archive;
  await checkStillDown(uses.api, plan.swap.statefulSet.name, claimsInPlay(context));
  await patchVariables(
    context,
    variables.map(({ container, name, value }) => ({ container, entry: { name, value, valueFrom: null } })),
  );
  await using archive = await uses.archiveNow();
  const { address } = archive.store;
  if (address !== to) {
    throw new Failure('failed', {
      message: `cannot move the archive to ${to}: the StatefulSet's variables name ${address} now`,
      remedy: `Somebody else has changed them. Go back:  walkback undo ${plan.recovery.id}`,
    });
  }
  const { objects, folders } = await archive.store.listFolder('');
  if (objects.length + folders.length === 0) return { archive: address };
  throw new Failure('conflict', {
    message: `cannot begin an archive in ${address}: there is something already`,
    remedy: `Look at what it is. Go back and make a new plan:  walkback undo ${plan.recovery.id}`,
  });
}

/** A variable as the saved StatefulSet has it. */
function savedEntry(saved: StatefulSet, { container, name }: MovedVariable): object {
  const found = saved.spec?.template.spec?.containers.find((one) => one.name === container);
  const entry = found?.env?.find((one) => one.name === name);
  if (entry === undefined) return { name, $patch: 'delete' };
  return { name, value: entry.value ?? null, valueFrom: entry.valueFrom ?? null };
}

/** Gives the StatefulSet its variables back. */
export async function moveArchiveBack(context: ResetContext): Promise<void> {
  const { uses, plan } = context;
  const { name } = plan.swap.statefulSet;
  await checkStillDown(uses.api, name, claimsInPlay(context));
  const saved = await savedObject<StatefulSet>(uses.api, plan.recovery.id, statefulSetRef(name));
  const { variables } = plan.reset.archive;
  await patchVariables(
    context,
    variables.map((one) => ({ container: one.container, entry: savedEntry(saved, one) })),
  );
}
