/**
 * The screens of a reset.
 *
 * @module
 */

import type { HeldClaim } from '../../kubernetes/recover/status.ts';
import type { ResetPlan } from '../../kubernetes/reset/plan-value.ts';
import type { ResetStatus } from '../../kubernetes/reset/status.ts';
import type { ResetStep } from '../../kubernetes/reset/step-names.ts';
import { factsOf } from '../../recovery/journal.ts';
import type { RecoveryState } from '../../recovery/states.ts';
import { shortTime } from './format.ts';
import { claimLines, VALUES_AFTER_UNDO } from './namespace-text.ts';
import { labelled } from './plan-text.ts';
import { toType } from './recovery-text.ts';
import type { Screen } from './screen.ts';
import { stepLines } from './step-lines.ts';

const STATE_WORDS: Readonly<Record<RecoveryState, string>> = {
  planned: 'planned, nothing changed',
  rehearsing: 'not finished',
  standing: 'not finished',
  cuttingOver: 'NOT FINISHED',
  recovered: 'done, the cluster from before is kept',
  undoing: 'UNDO NOT FINISHED',
  undone: 'undone, what the new cluster held is kept',
  discarded: 'thrown away',
  released: 'released',
};

function memberLines({ swap }: ResetPlan): string[] {
  return swap.members.map(({ pod, claim, volume, size, keptAs }) => {
    const role = pod === swap.leader ? ', leads' : '';
    return `${pod}${role}: claim ${claim}, ${size}, volume ${volume ?? 'none'}; ${keptAs === null ? 'nothing to keep' : `kept as ${keptAs}`}`;
  });
}

/** What would be done. */
export function resetPlanText(plan: ResetPlan, screen: Screen): string {
  const { swap, reset, recovery } = plan;
  const { patroni } = swap;
  const forgets =
    patroni === null
      ? 'nothing: there is no Patroni'
      : `${patroni.kind} ${[patroni.leader, patroni.config, patroni.sync, patroni.failover].join(', ')}: saved, then removed`;
  const jobs = reset.jobs.map(({ name }) => name).join(', ');
  const lines = [
    `Reset ${recovery.id}: a new, empty cluster ${swap.statefulSet.name} in place of the one there is`,
    '',
    ...labelled(
      'where',
      [`context ${swap.context}, namespace ${swap.namespace}, StatefulSet ${swap.statefulSet.name}`],
      screen,
    ),
    ...labelled('volumes', memberLines(plan), screen),
    ...labelled('state', [forgets], screen),
    ...labelled(
      'Jobs',
      [jobs === '' ? 'none has ended that is its own' : `${jobs}: removed; an undo does not bring them back`],
      screen,
    ),
    ...labelled(
      'archive',
      [`${reset.archive.from} stays as it is`, `${reset.archive.to} is that of the new cluster`],
      screen,
    ),
    ...labelled('restarts', swap.restarts, screen),
    ...swap.drift.flatMap((text) => labelled('mind', [screen.paint(text, 'attention')], screen)),
    '',
    'Nothing is deleted but what is saved or named above. Nothing has been changed yet.',
    ...toType('Run it', `walkback cluster reset ${recovery.id}`),
  ];
  return `${lines.join('\n')}\n`;
}

function fact({ entries }: ResetStatus, step: ResetStep, name: string): string {
  return String(factsOf(entries, step)?.[name] ?? '');
}

/** After a reset. */
export function resetDoneText(status: ResetStatus, screen: Screen): string {
  const { id, plan } = status;
  const accepted = fact(status, 'resetScaleOut', 'accepted');
  const lines = [
    screen.paint(
      `Reset.  ${plan.swap.namespace}/${plan.swap.statefulSet.name} is a new, empty cluster: system ${fact(status, 'proveNew', 'system')}, timeline ${fact(status, 'proveNew', 'timeline')}.`,
      'good',
    ),
    ...labelled('proof', [`it took a commit at ${fact(status, 'proveNew', 'position')}`], screen),
    ...labelled('archive', [plan.reset.archive.to], screen),
    ...labelled('backup', [fact(status, 'resetBackUp', 'backup') || fact(status, 'resetBackUp', 'skipped')], screen),
    ...labelled('kept', [...claimLines(status.claims), `archive ${plan.reset.archive.from}`], screen),
    ...(accepted === '' ? [] : labelled('members', [`${accepted}: proven to follow the leader`], screen)),
    ...plan.swap.drift.flatMap((text) => labelled('mind', [screen.paint(text, 'attention')], screen)),
    ...toType('To have the cluster from before again', `walkback undo ${id}`),
    ...toType('In some days, to free the room that it takes', `walkback release ${id}`),
  ];
  return `${lines.join('\n')}\n`;
}

/** After its undo. */
export function resetUndoneText(status: ResetStatus, screen: Screen): string {
  const { id, plan, claims } = status;
  const lines = [
    screen.paint(
      `Undone.  ${plan.swap.namespace}/${plan.swap.statefulSet.name} is the cluster from before, with the archive ${plan.reset.archive.from}.`,
      'good',
    ),
    ...labelled('mind', [screen.paint(VALUES_AFTER_UNDO, 'attention')], screen),
    ...(claims.length === 0 ? [] : labelled('kept', claimLines(claims), screen)),
    ...(claims.length === 0 ? [] : toType('In some days, to free the room that it takes', `walkback release ${id}`)),
  ];
  return `${lines.join('\n')}\n`;
}

function nextLines({ id, state, claims }: ResetStatus): string[] {
  if (state === 'planned') return toType('Run it', `walkback cluster reset ${id}`);
  if (state === 'cuttingOver')
    return [...toType('Finish it', `walkback cluster reset ${id}`), ...toType('Go back', `walkback undo ${id}`)];
  if (state === 'undoing') return toType('Finish it', `walkback undo ${id}`);
  const release = claims.length === 0 ? [] : toType('Free the room', `walkback release ${id}`);
  return state === 'recovered' ? [...toType('Go back', `walkback undo ${id}`), ...release] : release;
}

/** One reset: what is done, what is half done, what is kept, and what to type. */
export function resetStatusText(status: ResetStatus, screen: Screen): string {
  const { id, plan, state, claims, pods } = status;
  const there =
    pods === undefined
      ? 'the StatefulSet is not there'
      : `${pods.wanted} wanted, ${pods.ready} ready, pods there: ${pods.present.join(', ') || 'none'}`;
  const { from, to } = plan.reset.archive;
  const lines = [
    `Reset ${id}: ${STATE_WORDS[state]}`,
    '',
    ...labelled(
      'where',
      [`context ${plan.swap.context}, namespace ${plan.swap.namespace}, StatefulSet ${plan.swap.statefulSet.name}`],
      screen,
    ),
    ...labelled('archive', [`${from} of the cluster from before`, `${to} of the new one`], screen),
    ...labelled('pods', [there], screen),
    ...(claims.length === 0 ? [] : labelled('keeps', claimLines(claims), screen)),
    '',
    ...stepLines(status.entries, screen),
    '',
    ...nextLines(status),
  ];
  return `${lines.join('\n')}\n`;
}

/** Two lines a reset; empty if there is none. */
export function resetsText(found: readonly ResetStatus[], screen: Screen): string {
  return found
    .map(({ id, plan, state, claims }) => {
      const at = shortTime(BigInt(Date.parse(plan.recovery.createdAt)) * 1000n, screen);
      const kept = claims.length === 0 ? 'keeps no volume' : `keeps ${claims.map(({ name }) => name).join(', ')}`;
      return `${id}  ${at}  reset: ${STATE_WORDS[state]}\n      ${kept}\n`;
    })
    .join('');
}

/** What a release of a reset removes, or has removed. */
export function resetReleaseText({ reset }: ResetPlan, claims: readonly HeldClaim[], isDone: boolean): string {
  const stays = `The archives ${reset.archive.from} and ${reset.archive.to} stay.\n`;
  if (claims.length === 0) return `No volume is kept. ${stays}`;
  const head = isDone ? 'Removed:' : 'To be removed, with its volume:';
  return `${[head, ...claimLines(claims).map((line) => `  ${line}`)].join('\n')}\n${stays}`;
}
