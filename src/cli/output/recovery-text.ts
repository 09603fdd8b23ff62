/**
 * The screens of a recovery that has been worked on.
 *
 * @module
 */

import { factsOf, type JournalEntry, type StepFacts } from '../../recovery/journal.ts';
import type { CheckResult } from '../../recovery/checks.ts';
import { namesIn } from '../../recovery/patroni-steps.ts';
import type { RecoveryStatus } from '../../recovery/status.ts';
import { quoteForShell } from '../../instance/run-program.ts';
import { dataWarnings } from './data-warnings.ts';
import { countOf, formatDuration, readClock, zoneLine } from './format.ts';
import { labelled } from './plan-text.ts';
import type { Screen } from './screen.ts';

/** How long the cluster was down, from the begin of one step to the end of another, and when. */
function down(entries: readonly JournalEntry[], from: string, to: string, screen: Screen): string {
  const begun = entries.findLast((entry) => entry.event === 'begin' && entry.step === from);
  const done = entries.findLast((entry) => entry.event === 'done' && entry.step === to);
  if (begun === undefined || done === undefined) return 'unknown';
  const [beginMs, endMs] = [Date.parse(begun.at), Date.parse(done.at)];
  const clock = (ms: number) => readClock(BigInt(ms) * 1000n, screen.zone, 0).time;
  return `${formatDuration(endMs - beginMs)} (${clock(beginMs)} to ${clock(endMs)}), ${zoneLine(screen)}`;
}

/** A label, and a line to type that stands alone. */
export function toType(label: string, line: string): string[] {
  return [`${label}:`, `    ${line}`];
}

/** Where `psql` finds a rehearsal, quoted for the shell and for libpq. */
function psqlLine(socketDirectory: string, port: string, user: string): string {
  const quoted = (value: string) =>
    /^[\w./-]+$/.test(value) ? value : `'${value.replaceAll(/[\\']/g, String.raw`\$&`)}'`;
  const words = [`host=${quoted(socketDirectory)}`, `port=${port}`, `user=${quoted(user)}`, 'dbname=postgres'];
  return `psql ${quoteForShell(words.join(' '))}`;
}

/** How one looks around in a standing rehearsal, as the server's user `user`. */
export function lookAround(status: RecoveryStatus, user: string): string[] {
  const { id, entries, plan } = status;
  const replay = factsOf(entries, 'replay');
  if (replay === undefined) return [];
  const next = plan.target.firstLost;
  return [
    ...toType('Look around (read only)', psqlLine(String(replay['socketDirectory']), String(replay['port']), user)),
    ...(next === null ? [] : toType('Step on, one transaction', `walkback rehearse step ${id} --to-xid ${next.xid}`)),
    ...toType('Cut over', `walkback recover run ${id}`),
    ...toType('Throw it away', `walkback rehearse --discard ${id}`),
  ];
}

/** `just before transaction 601762`, `at restore point "x"`: where something stands. */
function standsAt(asked: string): string {
  return asked.startsWith('just ') ? asked : `at ${asked}`;
}

/** After a rehearsal. */
export function standingText(
  status: RecoveryStatus,
  checks: readonly CheckResult[],
  user: string,
  screen: Screen,
): string {
  const { target } = status.plan;
  const failed = checks.filter(({ passed }) => !passed).length;
  const said = checks.length === 0 ? '' : ` and ${checks.length - failed} of ${countOf(checks.length, 'check')} passed`;
  const lines = [
    `The rehearsal stands ${standsAt(target.asked)}${said}.`,
    'The running cluster is untouched.',
    ...checksLines(checks, screen),
    ...warningLines(status, screen),
    '',
    ...lookAround(status, user),
  ];
  return `${lines.join('\n')}\n`;
}

/** What the rehearsal has found of its data. */
export function foundInRehearsal(entries: readonly JournalEntry[]): StepFacts {
  return { ...factsOf(entries, 'restore'), ...factsOf(entries, 'replay') };
}

function warningLines({ entries }: RecoveryStatus, screen: Screen): string[] {
  return dataWarnings(foundInRehearsal(entries), screen);
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
      `Recovered.  ${plan.cluster.name} stands ${standsAt(plan.target.asked)}, on timeline ${promoted?.['timeline'] ?? '?'}.`,
      'good',
    ),
    ...labelled(
      'proof',
      [
        `its history says "${promoted?.['reason'] ?? ''}"${kept === null ? '' : `; the last commit kept is ${kept.xid}`}`,
      ],
      screen,
    ),
    ...labelled('down', [down(entries, 'stopLive', 'openLine', screen)], screen),
    ...labelled('backup', backupText(entries, 'backUp', screen), screen),
    ...warningLines(status, screen),
    ...labelled('kept', [keptText(plan)], screen),
    ...replicasLines(status, screen),
    ...membersLines(status, 'rebuildReplicas', screen),
    ...toType('If it was the wrong moment', `walkback undo ${id}`),
    ...toType('In some days, to free the room that the data from before takes', `walkback release ${id}`),
  ];
  return `${lines.join('\n')}\n`;
}

/** Damaged pages are in the cluster as well as in the backup: the loudest line of the report. */
function backupText(entries: RecoveryStatus['entries'], step: 'backUp' | 'undoBackUp', screen: Screen): string[] {
  const facts = factsOf(entries, step);
  const { backup = 'none', damagedPages, damagedFiles, skipped } = facts ?? {};
  if (skipped !== undefined) {
    return [screen.paint(`NONE TAKEN: ${skipped}. The cluster is not protected.`, 'loss'), 'walkback status'];
  }
  if (damagedPages === undefined) return [`${backup} taken and complete`];
  return [
    screen.paint(`${backup} taken WITH ${damagedPages} DAMAGED PAGES in ${damagedFiles}`, 'loss'),
    'They do not carry their checksum, in the cluster itself: look at the disk, and at which tables these are.',
  ];
}

function keptText({ laterCommits }: RecoveryStatus['plan']): string {
  const planned = laterCommits === 0 ? '' : ` (${countOf(laterCommits, 'transaction')} when it was planned)`;
  return `the data from before, with what was committed behind the target${planned}`;
}

/** What came of each, where Patroni runs the cluster. */
function membersLines(
  { entries, plan }: RecoveryStatus,
  step: 'rebuildReplicas' | 'undoRebuildReplicas',
  screen: Screen,
): string[] {
  const facts = factsOf(entries, step);
  const scope = plan.patroni?.scope;
  if (facts === undefined || scope === undefined) return [];
  const { accepted = '', rebuilt = '', absent = '' } = facts;
  const isPaused = factsOf(entries, step === 'rebuildReplicas' ? 'resume' : 'undoResume')?.['leftPaused'] === true;
  return labelled(
    'members',
    [
      ...(accepted === '' ? [] : [`${accepted}: rewound by Patroni, proven to follow the leader`]),
      ...(rebuilt === '' ? [] : [`${rebuilt}: copied anew, proven to follow the leader`]),
      ...(absent === ''
        ? []
        : [
            screen.paint(`${absent}: DID NOT ANSWER, and still has the history that was left.`, 'loss'),
            'Before Patroni is started there, move its data directory away. If it has been started:',
            ...namesIn(absent).map((name) => `  patronictl reinit ${scope} ${name}`),
          ]),
      `A member that was away and is not named here still has the history that was left: before Patroni is started there, move its data directory away, or copy it anew at once (patronictl reinit ${scope} MEMBER).`,
      ...(isPaused ? ['Patroni stays paused, as it was before:  patronictl resume'] : []),
    ],
    screen,
  );
}

function replicasLines({ plan }: RecoveryStatus, screen: Screen): string[] {
  if (plan.patroni !== undefined) return [];
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
    ...(isOnNewLine ? labelled('down', [down(entries, 'undoStop', 'undoOpenLine', screen)], screen) : []),
    ...(isOnNewLine ? labelled('backup', backupText(entries, 'undoBackUp', screen), screen) : []),
    ...labelled('kept', ['the recovered data that was put aside'], screen),
    ...membersLines(status, 'undoRebuildReplicas', screen),
    ...toType('In some days, to free the room that it takes', `walkback release ${id}`),
  ];
  return `${lines.join('\n')}\n`;
}
