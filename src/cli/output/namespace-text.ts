/**
 * The screens of a recovery in a namespace.
 *
 * @module
 */

import type { CarriedWork } from '../../kubernetes/carry/carrier-job.ts';
import { mayStayRecovered } from '../../kubernetes/recover/give-up.ts';
import type { SwapRelease } from '../../kubernetes/recover/release.ts';
import type { NamespacePlan, WorkPlan } from '../../kubernetes/recover/plan-value.ts';
import { confirmWord } from '../../kubernetes/recover/plan-value.ts';
import type { HeldClaim, SwapStatus } from '../../kubernetes/recover/status.ts';
import type { SwapStep } from '../../kubernetes/recover/step-names.ts';
import type { CheckResult } from '../../recovery/checks.ts';
import { factsOf, type StepFacts } from '../../recovery/journal.ts';
import { dataWarnings } from './data-warnings.ts';
import { formatDuration, formatCount, readClock, shortTime, zoneLine } from './format.ts';
import { labelled, planText } from './plan-text.ts';
import { foundLines, stayLines, STATE_WORDS } from './recovery-status-text.ts';
import { checksLines, toType } from './recovery-text.ts';
import type { Screen } from './screen.ts';
import { stepLines } from './step-lines.ts';

/** What the plan does in the namespace. */
export function namespacePlanText(plan: NamespacePlan, screen: Screen): string {
  const { swap } = plan;
  const passedOver = swap.passedOver.map(({ way, problem }) => `not ${way}: ${problem}`);
  const members = swap.members.map(({ pod, claim, volume, size, keptAs }) => {
    const isRunning = plan.recovery.preconditions.liveState === 'running';
    const role = pod === swap.leader ? (isRunning ? ', leads' : ', has the newest data') : '';
    const kept =
      keptAs === null ? 'REMOVED, a copy of what is kept' : keptAs === claim ? 'stays as it is' : `kept as ${keptAs}`;
    return `${pod}${role}: claim ${claim}, ${size}, volume ${volume ?? 'none'}; ${kept}`;
  });
  const leftOver = (swap.leftOver ?? []).map(({ claim, volume, size, keptAs }) => {
    const kept = keptAs === null ? 'REMOVED' : keptAs === claim ? 'stays as it is' : `kept as ${keptAs}`;
    return `left by an earlier scale-down: claim ${claim}, ${size}, volume ${volume ?? 'none'}; ${kept}`;
  });
  return planText(plan.recovery, screen, [
    ...labelled(
      'where',
      [`context ${swap.context}, namespace ${swap.namespace}, StatefulSet ${swap.statefulSet.name}`],
      screen,
    ),
    ...labelled('way', [`${swap.way}: ${swap.because}`, ...passedOver], screen),
    ...labelled('volumes', [...members, ...leftOver], screen),
    ...labelled('clone', cloneLines(swap), screen),
    ...labelled('restarts', swap.restarts, screen),
    ...swap.drift.flatMap((text) => labelled('mind', [screen.paint(text, 'attention')], screen)),
  ]);
}

/** What the cluster's own image is told. */
function cloneLines({ clone }: NamespacePlan['swap']): string[] {
  if (clone === undefined) return [];
  const { CLONE_TARGET_TIME: time = '', CLONE_TARGET_TIMELINE: timeline = '' } = clone.variables;
  return [
    `the image restores ${clone.archive.from} by itself, to ${time} on timeline ${timeline}, WHILE THE CLUSTER IS DOWN`,
    `it archives to ${clone.archive.to} afterwards, which is new`,
    `set meanwhile: ${[...Object.keys(clone.variables), ...clone.copied.map((name) => `CLONE_${name}`)].join(', ')}`,
  ];
}

/** How long it was down, from the begin of one step to the end of another. */
function down({ entries }: SwapStatus, from: SwapStep, to: SwapStep, screen: Screen): string {
  const begun = entries.findLast((entry) => entry.event === 'begin' && entry.step === from);
  const done = entries.findLast((entry) => entry.event === 'done' && entry.step === to);
  if (begun === undefined || done === undefined) return 'unknown';
  const [beginMs, endMs] = [Date.parse(begun.at), Date.parse(done.at)];
  const clock = (ms: number): string => readClock(BigInt(ms) * 1000n, screen.zone, 0).time;
  return `${formatDuration(endMs - beginMs)} (${clock(beginMs)} to ${clock(endMs)}), ${zoneLine(screen)}`;
}

function fact({ entries }: SwapStatus, step: SwapStep, name: string): string {
  return String(factsOf(entries, step)?.[name] ?? '');
}

/** Claims that hold something, a line each. */
export function claimLines(claims: readonly HeldClaim[]): string[] {
  return claims.map(
    ({ name, holds, size, volume, phase }) => `claim ${name}: ${holds}, ${size}, volume ${volume}, ${phase}`,
  );
}

/** What the rehearsal has found of its data. */
export function foundInNamespaceRehearsal(entries: SwapStatus['entries']): StepFacts {
  return factsOf(entries, 'awaitRehearsal') ?? {};
}

function warningLines({ entries }: SwapStatus, screen: Screen): string[] {
  return dataWarnings(foundInNamespaceRehearsal(entries), screen);
}

/** After a rehearsal. */
export function standingInNamespaceText(status: SwapStatus, checks: readonly CheckResult[], screen: Screen): string {
  const { id, plan } = status;
  if (plan.swap.clone !== undefined) {
    const lines = [
      'The archive is proven up to the target.  The running cluster is untouched.',
      ...toType('Cut over', `walkback recover run ${id}`),
    ];
    return `${lines.join('\n')}\n`;
  }
  const lines = [
    `The rehearsal stands ${plan.recovery.target.asked}, at ${fact(status, 'awaitRehearsal', 'replayLsn')}.`,
    'The running cluster is untouched.',
    ...checksLines(checks, screen),
    ...warningLines(status, screen),
    '',
    ...toType(
      'Look around (read only)',
      `kubectl -n ${plan.swap.namespace} port-forward job/${fact(status, 'startRehearsal', 'job')} 5433:5433`,
    ),
    ...toType('Cut over', `walkback recover run ${id}`),
    ...toType('Throw it away', `walkback rehearse --discard ${id}`),
  ];
  return `${lines.join('\n')}\n`;
}

/** After a cutover: the proof. */
export function recoveredInNamespaceText(status: SwapStatus, screen: Screen): string {
  const { id, plan } = status;
  const [proofStep, upStep] =
    plan.swap.clone === undefined
      ? (['finishRehearsal', 'openLine'] as const)
      : (['proveTarget', 'removeVariables'] as const);
  const accepted = fact(status, 'scaleOut', 'accepted');
  const scaled = fact(status, 'scaleWorkloadsUp', 'scaled');
  const lines = [
    screen.paint(
      `Recovered.  ${plan.recovery.cluster.name} stands ${plan.recovery.target.asked}, on timeline ${fact(status, 'verify', 'timeline')}.`,
      'good',
    ),
    ...labelled(
      'proof',
      [
        `its history says "${fact(status, proofStep, 'reason')}"; it took a commit at ${fact(status, 'verify', 'position')}`,
      ],
      screen,
    ),
    ...labelled('down', [down(status, 'stopLive', upStep, screen)], screen),
    ...labelled('backup', [fact(status, 'backUp', 'backup') || fact(status, 'backUp', 'skipped')], screen),
    ...warningLines(status, screen),
    ...labelled('kept', claimLines(status.claims), screen),
    ...(accepted === '' ? [] : labelled('members', [`${accepted}: proven to follow the leader`], screen)),
    ...(scaled === '' ? [] : labelled('up again', [scaled], screen)),
    ...plan.swap.drift.flatMap((text) => labelled('mind', [screen.paint(text, 'attention')], screen)),
    ...toType('If it was the wrong moment', `walkback undo ${id}`),
    ...toType('In some days, to free the room that the data from before takes', `walkback release ${id}`),
  ];
  return `${lines.join('\n')}\n`;
}

/** What whoever has followed a plan's advice has to know after its undo. */
export const VALUES_AFTER_UNDO =
  'What the plan had you set in values for the next upgrade holds no more: put it back to what it was before that';

/** After an undo. */
export function undoneInNamespaceText(status: SwapStatus, screen: Screen): string {
  if (status.state === 'discarded') return 'Thrown away.  The running cluster was never touched.\n';
  const { clone, way } = status.plan.swap;
  const timeline = fact(status, 'undoReopen', 'timeline') || fact(status, 'undoVerify', 'timeline');
  const lines = [
    screen.paint(
      `Undone.  ${status.plan.recovery.cluster.name} runs on the data from before${timeline === '' ? ', as it was' : `, on timeline ${timeline}`}.`,
      'good',
    ),
    ...(timeline === '' ? [] : labelled('down', [down(status, 'undoStop', 'undoOpenLine', screen)], screen)),
    ...(clone === undefined || timeline === ''
      ? []
      : labelled(
          'mind',
          [`${clone.archive.to} holds what the recovered cluster has archived; it is left as it is`],
          screen,
        )),
    ...(timeline !== '' && (way === 'recreate' || way === 'clone')
      ? labelled('mind', [screen.paint(VALUES_AFTER_UNDO, 'attention')], screen)
      : []),
    ...labelled('kept', claimLines(status.claims), screen),
    ...toType('In some days, to free the room that it takes', `walkback release ${status.id}`),
  ];
  return `${lines.join('\n')}\n`;
}

/** What to type next, by where it stands. @param carrier what a Job in the cluster does for it. */
function nextLines(status: SwapStatus, carrier: CarriedWork | undefined): string[] {
  const { id, plan, state, entries, claims, isReleaseUnfinished } = status;
  if (carrier !== undefined) return toType('A Job in the cluster works on it; watch it', watchLine(id, carrier));
  switch (state) {
    case 'planned':
    case 'rehearsing':
      return toType('Go on', `walkback recover run ${id}`);
    case 'standing':
      return [
        ...toType('Cut over', `walkback recover run ${id}`),
        ...toType('Throw it away', `walkback rehearse --discard ${id}`),
      ];
    case 'cuttingOver':
      return [...toType('Finish it', `walkback recover run ${id}`), ...toType('Go back', `walkback undo ${id}`)];
    case 'undoing':
      return [...toType('Finish it', `walkback undo ${id}`), ...stayLines(id, mayStayRecovered(plan, entries))];
    case 'recovered':
      return [...toType('Go back', `walkback undo ${id}`), ...toType('Free the room', `walkback release ${id}`)];
    case 'undone':
      return toType('Free the room', `walkback release ${id}`);
    case 'released':
      return claims.length > 0 || isReleaseUnfinished ? toType('Finish it', `walkback release ${id}`) : [];
    case 'discarded':
      return [];
  }
}

/** One recovery: what is done, what is half done, what is kept, and what to type. */
export function namespaceStatusText(status: SwapStatus, carrier: CarriedWork | undefined, screen: Screen): string {
  const { id, plan, state, claims, pods } = status;
  const there =
    pods === undefined
      ? 'the StatefulSet is not there'
      : `${pods.wanted} wanted, ${pods.ready} ready, pods there: ${pods.present.join(', ') || 'none'}`;
  const lines = [
    `Recovery ${id}: ${STATE_WORDS[state]}`,
    '',
    ...labelled('to', [plan.recovery.target.asked], screen),
    ...labelled(
      'where',
      [
        `context ${plan.swap.context}, namespace ${plan.swap.namespace}, StatefulSet ${plan.swap.statefulSet.name}; ${plan.swap.way}`,
      ],
      screen,
    ),
    ...labelled('pods', [there], screen),
    ...(claims.length === 0 ? [] : labelled('keeps', claimLines(claims), screen)),
    '',
    ...stepLines(status.entries, screen),
    ...foundLines(state, foundInNamespaceRehearsal(status.entries), screen),
    '',
    ...nextLines(status, carrier),
  ];
  return `${lines.join('\n')}\n`;
}

/** Two lines a recovery, and one for what it keeps. */
export function namespaceRecoveriesText(found: readonly SwapStatus[], hiddenCount: number, screen: Screen): string {
  const rows = found.flatMap(({ id, plan, state, claims }) => {
    const at = shortTime(BigInt(Date.parse(plan.recovery.createdAt)) * 1000n, screen);
    const kept = claims.map(({ name, size }) => `${name} ${size}`).join(', ');
    return [
      `${id}  ${at}  ${STATE_WORDS[state]}`,
      `      to ${plan.recovery.target.asked}`,
      ...(kept === '' ? [] : [`      keeps ${kept}, until  walkback release ${id}`]),
    ];
  });
  const hidden =
    hiddenCount === 0
      ? []
      : toType(`Not shown: ${formatCount(hiddenCount)} thrown away or released`, 'walkback recover status --all');
  return `${[rows.length === 0 ? 'No recoveries of this StatefulSet.' : zoneLine(screen), ...rows, ...hidden].join('\n')}\n`;
}

/** What a release removes, or has removed. */
export function namespaceReleaseText({ claims, foldersIn }: SwapRelease, isDone: boolean): string {
  const lines = [
    ...claimLines(claims).map((line) => `  ${line}`),
    ...(foldersIn === undefined ? [] : [`  what the recovery has left in claim ${foldersIn}`]),
  ];
  if (lines.length === 0) return 'Nothing is kept.\n';
  return `${[isDone ? 'Removed:' : 'To be removed, with its volume:', ...lines].join('\n')}\n`;
}

const COMMAND: Readonly<Record<CarriedWork, string>> = {
  run: 'walkback recover run',
  undo: 'walkback undo',
  release: 'walkback release',
};

/** What is to be typed to watch a Job in the cluster. */
export function watchLine(id: string, work: CarriedWork): string {
  return `${COMMAND[work]} ${id} --in-cluster`;
}

/** What is typed, and why: two clusters of one name must not be confused. */
export function confirmQuestion(plan: WorkPlan, does: string): string {
  return `\n${does}\nType context, namespace and cluster, ${confirmWord(plan)}, to go on: `;
}
