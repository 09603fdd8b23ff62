/**
 * One clone at work.
 *
 * @module
 */

import { join } from 'node:path';

import { isThere } from '../instance/durable-rename.ts';
import type { ReplayContext } from '../recovery/recovery-context.ts';
import type { BuildContext } from './build-steps.ts';
import type { ClonePlan } from './clone-plan-value.ts';
import type { BootstrapJournal } from './journal.ts';
import { freeBytesOf, type BootstrapPlace } from './place.ts';
import type { CloneUses } from './uses.ts';

/** What the steps share. */
export interface CloneContext extends BuildContext {
  readonly uses: CloneUses;
  readonly plan: ClonePlan;
  /** The folder with `postgres` of the backup's major. */
  readonly bin: string;
}

/** @throws {Failure} `refused` if the programs of the backup's major are not there. */
export async function cloneContext(uses: CloneUses, plan: ClonePlan, journal: BootstrapJournal): Promise<CloneContext> {
  const { place, store, user, restoreScript, onProgress, signal, concurrency } = uses;
  const bin = await uses.binariesOf(plan.majorVersion);
  const replay: ReplayContext = {
    plan,
    uses: {
      cluster: {
        placeOf: () => place.data,
        recoveryFolder: () => place.folder,
        freeBytes: () => freeBytesOf(place),
      },
      store,
      bin,
      user,
      onProgress,
      ...(restoreScript === undefined ? {} : { restoreScript }),
      ...(signal === undefined ? {} : { signal }),
      ...(concurrency === undefined ? {} : { concurrency }),
    },
  };
  return { uses, plan, journal, bin, replay, holder: `clone-${plan.id}` };
}

/** The data as they were recovered, before an upgrade: the way back. */
export function beforeUpgrade(place: BootstrapPlace, plan: ClonePlan): string {
  return join(place.folder, `recovered-${plan.majorVersion}`);
}

/**
 * True once `pg_upgrade --link` has begun to link: the recovered data are no longer whole by themselves.
 *
 * Source: PostgreSQL manual, "pg_upgrade" (Reverting to old cluster).
 */
export function isLinkedAlready(place: BootstrapPlace, plan: ClonePlan): Promise<boolean> {
  return isThere(join(beforeUpgrade(place, plan), 'global', 'pg_control.old'));
}
