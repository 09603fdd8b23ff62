/**
 * Work on a StatefulSet that was broken off half way is finished, or taken back, before anything else of it begins: each piece of work
 * knows which volumes it has moved, and nothing of those that another has.
 *
 * @module
 */

import { Failure, isFailure } from '../../base/failure.ts';
import { stateOf } from '../../recovery/journal.ts';
import type { RecoveryState } from '../../recovery/states.ts';
import { kubectlIn } from '../api/kubectl-line.ts';
import type { KubernetesApi } from '../api/kubernetes-api.ts';
import { listStoredRecoveries, listStoredResets } from './journal-object.ts';
import { journalName, STATEFUL_SET_LABEL } from './names.ts';

/** In which the cluster is neither as it was nor as it will be. */
const IS_HALF_DONE: ReadonlySet<RecoveryState> = new Set(['cuttingOver', 'undoing']);

/** True if what is begun in this state goes on with nothing. */
export function beginsAnew(state: RecoveryState): boolean {
  return !IS_HALF_DONE.has(state);
}

/** A recovery or a reset of a StatefulSet, and where it stands. */
export interface StoredWork {
  readonly kind: 'recovery' | 'reset';
  readonly id: string;
  readonly state: RecoveryState;
}

/** All that was ever planned for it: recoveries, then resets, each newest first. */
export async function workOn(api: KubernetesApi, statefulSet: string): Promise<StoredWork[]> {
  const [recoveries, resets] = await Promise.all([
    listStoredRecoveries(api, statefulSet),
    listStoredResets(api, statefulSet),
  ]);
  return [
    ...recoveries.map(
      ({ plan, entries }) => ({ kind: 'recovery', id: plan.recovery.id, state: stateOf(entries) }) as const,
    ),
    ...resets.map(({ plan, entries }) => ({ kind: 'reset', id: plan.recovery.id, state: stateOf(entries) }) as const),
  ];
}

function goesOn({ kind, id, state }: StoredWork): string {
  if (state === 'undoing') return `Finish it:  walkback undo ${id}`;
  const finish = kind === 'reset' ? `walkback cluster reset ${id}` : `walkback recover run ${id}`;
  return `Finish it:  ${finish}\nOr go back:  walkback undo ${id}`;
}

/** Its journal stays, and what it keeps; it is only not looked for any more. */
function setAside({ where }: KubernetesApi, configMap: string): string {
  return `${kubectlIn(where)} label configmap ${configMap} ${STATEFUL_SET_LABEL}-`;
}

function unreadable(api: KubernetesApi, error: Failure): Failure {
  const name = /walkback-recovery-[0-9a-f]+/.exec(error.message)?.[0] ?? 'NAME';
  return new Failure(error.kind, {
    message: error.message,
    remedy: `It may be of work that is half done. Look at it:  ${kubectlIn(api.where)} get configmap ${name} --output yaml\nIf it is of none, set it aside:  ${setAside(api, name)}\nThen run this again.`,
    facts: error.facts,
    cause: error,
  });
}

/**
 * @param own the id of what is to begin; `undefined`: it has none yet.
 * @throws {Failure} `refused` while a recovery or a reset of this StatefulSet is half done, naming it.
 */
export async function refuseOtherWork(api: KubernetesApi, statefulSet: string, own: string | undefined): Promise<void> {
  const found = await workOn(api, statefulSet).catch((error: unknown) => {
    throw isFailure(error, 'corrupt') ? unreadable(api, error) : error;
  });
  const other = found.find(({ id, state }) => id !== own && IS_HALF_DONE.has(state));
  if (other === undefined) return;
  const { kind, id, state } = other;
  const words =
    state === 'undoing'
      ? `the undo of ${kind} ${id}`
      : kind === 'reset'
        ? `reset ${id}`
        : `the cutover of recovery ${id}`;
  throw new Failure('refused', {
    message: `cannot begin this on ${statefulSet}: ${words} is half done`,
    remedy: `${goesOn(other)}\nIf it can be neither, its volumes stay as they are when it is set aside:  ${setAside(api, journalName(id))}`,
  });
}
