/**
 * What the steps of one recovery in a namespace share.
 *
 * @module
 */

import { Failure } from '../../base/failure.ts';
import type { OnProgress } from '../../base/progress.ts';
import { factsOf, type Journal } from '../../recovery/journal.ts';
import type { ObjectStore } from '../../storage/object-store.ts';
import type { KubernetesApi } from '../api/kubernetes-api.ts';
import type { Rehearsals } from '../rehearse/rehearsal.ts';
import type { SwapJournal } from './journal-object.ts';
import { claimMadeAnew, keptClaim } from './names.ts';
import type { ResetStep } from '../reset/step-names.ts';
import { everyClaim, type NamespacePlan, type WorkPlan } from './plan-value.ts';
import type { SwapStep } from './step-names.ts';
import type { SuperuserPassword } from './superuser.ts';

/** The Patroni of one pod, as far as it is asked by itself. */
export interface PodPatroni extends AsyncDisposable {
  /** Patroni's word for its server: `running`, `stopped` …; `undefined` while it does not answer. */
  state(): Promise<string | undefined>;
  /** Starts PostgreSQL, also while paused; comes back when that is done. */
  restart(): Promise<void>;
}

/** An archive that is open until it is disposed of. */
export interface OpenedArchive extends AsyncDisposable {
  readonly store: ObjectStore;
}

/** What a recovery in a namespace works with. */
export interface SwapUses {
  readonly api: KubernetesApi;
  readonly rehearsals: Rehearsals;
  /** The archive, as it is reached from here. */
  readonly store: ObjectStore;
  /** Another location, by its address, with the same credentials. */
  readonly archiveAt: (address: string) => Promise<OpenedArchive>;
  /** The superuser's present password, read when it is needed and kept nowhere; or why there is none. */
  readonly superuserPassword: () => Promise<SuperuserPassword>;
  readonly patroniOf: (pod: string) => Promise<PodPatroni>;
  /** Microseconds since the Unix epoch. */
  readonly nowUs: () => bigint;
  readonly onProgress: OnProgress;
  readonly signal?: AbortSignal;
  /** How long to wait for the live server's archiver. */
  readonly archiveTimeoutMs?: number;
}

/** One recovery at work. */
export interface SwapContext {
  readonly uses: SwapUses;
  readonly plan: NamespacePlan;
  readonly journal: SwapJournal;
}

/** A step of any work in a namespace. */
export type WorkStep = SwapStep | ResetStep;

/** Any work in a namespace, as far as its steps share something. */
export interface WorkContext {
  readonly uses: SwapUses;
  readonly plan: WorkPlan;
  readonly journal: Journal<WorkStep>;
}

/** A fact that an earlier step must have left. */
export function factOf({ plan, journal }: WorkContext, step: WorkStep, name: string): string {
  const fact = factsOf(journal.entries, step)?.[name];
  if (fact !== undefined) return String(fact);
  throw new Failure('corrupt', {
    message: `cannot go on with recovery ${plan.recovery.id}: its journal has no ${name} of step ${step}`,
    remedy: `Undo it:  walkback undo ${plan.recovery.id}`,
  });
}

/** Every claim that a member of the StatefulSet has or had, and those that a recovery gives its volumes to. */
export function claimsInPlay({ plan }: WorkContext): string[] {
  const { id } = plan.recovery;
  const { way, rehearsalClaim } = plan.swap;
  const own = everyClaim(plan.swap).flatMap(({ claim, ordinal }) => [
    claim,
    keptClaim(id, 'kept', ordinal),
    keptClaim(id, 'replaced', ordinal),
  ]);
  if (rehearsalClaim === undefined) return own;
  const recreated = everyClaim(plan.swap).map(({ ordinal }) => claimMadeAnew(rehearsalClaim, ordinal));
  return [...own, ...(way === 'recreate' ? recreated : [rehearsalClaim])];
}
