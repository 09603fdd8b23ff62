/**
 * What has to be known after a recovery, so that nobody puts back what it has changed: the values of charts, GitOps.
 *
 * @module
 */

import type { StatefulSet } from '../api/kubernetes-objects.ts';
import { keeperOf } from '../find/keeper.ts';
import type { Keeper } from '../find/kubernetes-cluster.ts';
import type { RecoveryWay } from '../find/rights.ts';
import { claimTemplateAdvice, valuesOfVariables } from './chart-values.ts';
import { recreatedTemplate } from './other-way-steps.ts';
import type { PlannedClone, PlannedWorkload } from './plan-value.ts';

/** What is changed. */
export interface Drifting {
  readonly way: RecoveryWay;
  readonly id: string;
  readonly statefulSet: StatefulSet;
  readonly claimTemplate: string;
  readonly workloads: readonly PlannedWorkload[];
  readonly clone: Pick<PlannedClone, 'archive'> | undefined;
}

/** Whoever compares scales a cluster up that is scaled down, in the middle. */
const SUSPEND: Readonly<Record<Exclude<Keeper['kind'], 'Helm'>, string>> = {
  'Argo CD': 'switch its automatic sync off meanwhile',
  Flux: 'suspend it meanwhile (flux suspend)',
  owner: 'see that it leaves it alone meanwhile',
};

/** Of whoever would put a change back by itself. */
export function keeperWarnings(statefulSet: StatefulSet): string[] {
  const keeper = keeperOf(statefulSet);
  if (keeper === undefined || keeper.kind === 'Helm') return [];
  const who = keeper.kind === 'owner' ? keeper.name : `${keeper.kind} (${keeper.name})`;
  return [`${who} manages it: ${SUSPEND[keeper.kind]}, as it would scale it up again.`];
}

/** `Helm shop`; where nothing shows who made it, in general words. */
export function keeperWords(statefulSet: StatefulSet): string {
  const keeper = keeperOf(statefulSet);
  if (keeper === undefined) return 'whatever the StatefulSet is made from';
  return keeper.kind === 'owner' ? keeper.name : `${keeper.kind} ${keeper.name}`;
}

function ofRecreate({ id, statefulSet, claimTemplate }: Drifting): string {
  const name = recreatedTemplate(id);
  return `The StatefulSet's claim template is called ${name} afterwards, and not ${claimTemplate}. Before the next upgrade of ${keeperWords(statefulSet)}, which would otherwise be refused: ${claimTemplateAdvice(statefulSet, name)}. After an undo it is ${claimTemplate} again.`;
}

function ofClone({ archive }: Pick<PlannedClone, 'archive'>, statefulSet: StatefulSet): string {
  const values = valuesOfVariables(statefulSet, archive.variables);
  return `The recovered cluster archives to ${archive.to}: set ${values} in the values of ${keeperWords(statefulSet)} before the next upgrade, which would lead it back to the archive of before. ${archive.from} stays as it is. After an undo it archives there again: put the value back to what it was then.`;
}

/** What a plan says of it. */
export function driftOf(drifting: Drifting): string[] {
  const { way, statefulSet, workloads, clone } = drifting;
  return [
    ...(way === 'recreate' ? [ofRecreate(drifting)] : []),
    ...(clone === undefined ? [] : [ofClone(clone, statefulSet)]),
    ...keeperWarnings(statefulSet),
    ...(workloads.length > 0
      ? ['An autoscaler of what is scaled down would scale it up again: suspend it meanwhile.']
      : []),
  ];
}
