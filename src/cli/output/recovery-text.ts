/**
 * The screens of a recovery that has been worked on.
 *
 * @module
 */

import { factsOf, type JournalEntry } from '../../recovery/journal.ts';
import type { CheckResult } from '../../recovery/checks.ts';
import type { ReleasedPath } from '../../recovery/release.ts';
import type { RecoveryStatus } from '../../recovery/status.ts';
import type { RecoveryState } from '../../recovery/states.ts';
import { countOf, formatBytes, formatDuration, shortTime } from './format.ts';
import { labelled } from './plan-text.ts';
import type { Screen } from './screen.ts';

/** Milliseconds from the begin of one step to the end of another; `undefined` while either has not happened. */
function spanMs(entries: readonly JournalEntry[], from: string, to: string): number | undefined {
  const begun = entries.findLast((entry) => entry.event === 'begin' && entry.step === from);
  const done = entries.findLast((entry) => entry.event === 'done' && entry.step === to);
  return begun === undefined || done === undefined ? undefined : Date.parse(done.at) - Date.parse(begun.at);
}

function down(entries: readonly JournalEntry[], from: string, to: string): string {
  const ms = spanMs(entries, from, to);
  return ms === undefined ? 'unknown' : formatDuration(ms);
}

/** How one looks around in a standing rehearsal. */
export function lookAround(status: RecoveryStatus): string[] {
  const replay = factsOf(status.entries, 'replay');
  if (replay === undefined) return [];
  return [
    `Look around:  psql 'host=${replay['socketDirectory']} port=${replay['port']} dbname=postgres'   (read only)`,
    `Step on:      walkback rehearse step ${status.id} --to-xid XID`,
    `Cut over:     walkback recover run ${status.id}`,
    `Throw away:   walkback rehearse --discard ${status.id}`,
  ];
}

/** After a rehearsal. */
export function standingText(status: RecoveryStatus, checks: readonly CheckResult[], screen: Screen): string {
  const { target } = status.plan;
  const failed = checks.filter(({ passed }) => !passed).length;
  const said = checks.length === 0 ? '' : ` and ${checks.length - failed} of ${countOf(checks.length, 'check')} passed`;
  const lines = [
    `The rehearsal stands at ${target.asked}${said}.`,
    ...checksLines(checks, screen),
    ...lookAround(status),
  ];
  return `${lines.join('\n')}\n`;
}

/** One line a check, with why it failed. */
export function checksLines(checks: readonly CheckResult[], screen: Screen): string[] {
  return checks.flatMap(({ name, passed, problems, rows }) => [
    `  ${passed ? screen.paint('ok', 'good') : screen.paint('FAILED', 'loss')}  ${name}`,
    ...problems.map((problem) => `      ${problem}`),
    ...rows.slice(0, 20).map(
      (row) =>
        `      ${Object.entries(row)
          .map(([column, value]) => `${column} ${value ?? 'null'}`)
          .join('  ')}`,
    ),
  ]);
}

/** After a cutover. */
export function recoveredText(status: RecoveryStatus, screen: Screen): string {
  const { entries, plan, id } = status;
  const promoted = factsOf(entries, 'promote');
  const kept = plan.target.lastKept;
  const lines = [
    screen.paint(
      `Recovered.  ${plan.cluster.name} stands at ${plan.target.asked}, on timeline ${promoted?.['timeline'] ?? '?'}.`,
      'good',
    ),
    ...labelled(
      'proof',
      [
        `its history says "${promoted?.['reason'] ?? ''}"${kept === null ? '' : `; the last commit kept is ${kept.xid}`}`,
      ],
      screen,
    ),
    ...labelled('down', [down(entries, 'stopLive', 'openLine')], screen),
    ...labelled('backup', [`${factsOf(entries, 'backUp')?.['backup'] ?? 'none'} taken and complete`], screen),
    ...labelled('kept', ['the data from before'], screen),
    ...replicasLines(status, screen),
    `Wrong moment?          walkback undo ${id}`,
    `Sure, in some days:    walkback release ${id}`,
  ];
  return `${lines.join('\n')}\n`;
}

function replicasLines({ plan }: RecoveryStatus, screen: Screen): string[] {
  const replicas = plan.warnings.find(({ about }) => about === 'replicas');
  if (replicas === undefined) return [];
  return labelled('replicas', ['rebuild each before it is used:', ...replicas.names], screen);
}

/** After an undo. */
export function undoneText(status: RecoveryStatus, screen: Screen): string {
  const { entries, plan, id } = status;
  const promoted = factsOf(entries, 'undoPromote');
  if (status.state === 'discarded') return `Thrown away.  The running cluster was never touched.\n`;
  const isOnNewLine = promoted !== undefined;
  const lines = [
    screen.paint(
      `Undone.  ${plan.cluster.name} runs on the data from before${isOnNewLine ? `, on timeline ${promoted['timeline']}` : ', as it was'}.`,
      'good',
    ),
    ...(isOnNewLine ? labelled('down', [down(entries, 'undoStop', 'undoOpenLine')], screen) : []),
    ...(isOnNewLine
      ? labelled('backup', [`${factsOf(entries, 'undoBackUp')?.['backup'] ?? 'none'} taken and complete`], screen)
      : []),
    ...labelled('kept', ['the recovered data that was put aside'], screen),
    `Sure, in some days:    walkback release ${id}`,
  ];
  return `${lines.join('\n')}\n`;
}

const WORDS: Record<RecoveryState, string> = {
  planned: 'planned, nothing changed',
  rehearsing: 'rehearsal not at its target yet',
  standing: 'rehearsal stands at its target',
  cuttingOver: 'CUTOVER NOT FINISHED',
  recovered: 'recovered, data from before is kept',
  undoing: 'UNDO NOT FINISHED',
  undone: 'undone, recovered data is kept',
  discarded: 'thrown away',
  released: 'released',
};

function nextLines({ id, state }: RecoveryStatus): string[] {
  switch (state) {
    case 'cuttingOver':
      return [`Finish it:  walkback recover run ${id}`, `Or go back:  walkback undo ${id}`];
    case 'undoing':
      return [`Finish it:  walkback undo ${id}`];
    case 'recovered':
      return [`Go back:  walkback undo ${id}`, `Remove what is kept:  walkback release ${id}`];
    case 'undone':
      return [`Remove what is kept:  walkback release ${id}`];
    case 'planned':
    case 'rehearsing':
      return [`Go on:  walkback recover run ${id}`];
    case 'standing':
    case 'discarded':
    case 'released':
      return [];
  }
}

/** One line a recovery. */
export function recoveriesText(found: readonly RecoveryStatus[], screen: Screen): string {
  if (found.length === 0) return 'No recoveries of this server.\n';
  return found
    .map(({ id, plan, state }) => {
      const at = shortTime(BigInt(Date.parse(plan.createdAt)) * 1000n, screen);
      return `${id}  ${at}  ${WORDS[state]}  (to ${plan.target.asked})\n`;
    })
    .join('');
}

/** One recovery with its steps. */
export function recoveryText(status: RecoveryStatus, screen: Screen): string {
  const { id, plan, state, openStep, entries } = status;
  const steps = entries.flatMap((entry) => {
    if (entry.event !== 'done' && entry.event !== 'undone' && entry.event !== 'failed') return [];
    const mark = entry.event === 'done' ? screen.paint('done', 'good') : entry.event;
    return [`  ${entry.at}  ${entry.step}  ${mark}${entry.event === 'failed' ? `: ${entry.message}` : ''}`];
  });
  const open =
    openStep === undefined
      ? []
      : [`  in the middle of ${openStep.step}${openStep.failure === undefined ? '' : ' (failed)'}`];
  const lines = [
    `Recovery ${id} of ${plan.cluster.name} to ${plan.target.asked}: ${WORDS[state]}`,
    ...steps,
    ...open,
    ...(state === 'standing' ? lookAround(status) : nextLines(status)),
  ];
  return `${lines.join('\n')}\n`;
}

/** What a release removes. */
export function releaseText(paths: readonly ReleasedPath[], done: boolean): string {
  if (paths.length === 0) return 'Nothing is kept.\n';
  const sum = paths.reduce((all, { sizeBytes }) => all + sizeBytes, 0n);
  const lines = paths.map(
    ({ path, sizeBytes, holds }) => `  ${formatBytes(sizeBytes).padStart(8)}  ${path}  (${holds})`,
  );
  return `${done ? 'Removed' : 'Would remove'} ${formatBytes(sum)}:\n${lines.join('\n')}\n`;
}
