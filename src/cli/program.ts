/**
 * The program: every command there is, each loaded only when it runs (a server starts `wal` commands once per segment).
 *
 * @module
 */

import { Failure } from '../base/failure.ts';
import { nearestName } from '../base/nearest-name.ts';
import type { Command } from './command.ts';

/** One command, by its words. */
export interface ProgramEntry {
  readonly path: readonly string[];
  readonly load: () => Promise<Command>;
}

function entry(words: string, load: () => Promise<Command>): ProgramEntry {
  return { path: words.split(' '), load };
}

/** The commands, in the order of help. */
export const PROGRAM: readonly ProgramEntry[] = [
  entry('wal push', async () => (await import('./commands/wal-push.ts')).walPush),
  entry('wal fetch', async () => (await import('./commands/wal-fetch.ts')).walFetch),
  entry('agent', async () => (await import('./commands/agent.ts')).agent),
  entry('backup take', async () => (await import('./commands/backup-take.ts')).backupTake),
  entry('backup list', async () => (await import('./commands/backup-list.ts')).backupList),
  entry('backup show', async () => (await import('./commands/backup-show.ts')).backupShow),
  entry('backup keep', async () => (await import('./commands/backup-keep.ts')).backupKeep),
  entry('backup delete', async () => (await import('./commands/backup-delete.ts')).backupDelete),
  entry('verify', async () => (await import('./commands/verify.ts')).verify),
  entry('prune', async () => (await import('./commands/prune.ts')).prune),
  entry('freeze', async () => (await import('./commands/freeze.ts')).freeze),
  entry('unfreeze', async () => (await import('./commands/unfreeze.ts')).unfreeze),
  entry('status', async () => (await import('./commands/status.ts')).status),
  entry('log', async () => (await import('./commands/log.ts')).log),
  entry('show', async () => (await import('./commands/show.ts')).show),
  entry('history index', async () => (await import('./commands/history-index.ts')).historyIndex),
  entry('window', async () => (await import('./commands/window.ts')).window),
  entry('cluster inspect', async () => (await import('./commands/cluster-inspect.ts')).clusterInspect),
  entry('cluster list', async () => (await import('./commands/cluster-list.ts')).clusterList),
  entry('cluster reset', async () => (await import('./commands/cluster-reset.ts')).clusterReset),
  entry('recover plan', async () => (await import('./commands/recover-plan.ts')).recoverPlan),
  entry('recover run', async () => (await import('./commands/recover-run.ts')).recoverRun),
  entry('recover carry', async () => (await import('./commands/recover-carry.ts')).recoverCarry),
  entry('recover status', async () => (await import('./commands/recover-status.ts')).recoverStatus),
  entry('rehearse', async () => (await import('./commands/rehearse.ts')).rehearse),
  entry('rehearse step', async () => (await import('./commands/rehearse-step.ts')).rehearseStep),
  entry('undo', async () => (await import('./commands/undo.ts')).undo),
  entry('release', async () => (await import('./commands/release.ts')).release),
  entry('bootstrap clone', async () => (await import('./commands/bootstrap-clone.ts')).bootstrapCloneCommand),
  entry(
    'bootstrap basebackup',
    async () => (await import('./commands/bootstrap-basebackup.ts')).bootstrapBasebackupCommand,
  ),
  entry('bootstrap resume', async () => (await import('./commands/bootstrap-resume.ts')).bootstrapResume),
  entry('replica create', async () => (await import('./commands/replica-create.ts')).replicaCreate),
  entry('bucket provision', async () => (await import('./commands/bucket-provision.ts')).bucketProvision),
  entry('post-init', async () => (await import('./commands/post-init.ts')).postInit),
  entry('volume rehearse', async () => (await import('./commands/volume-rehearse.ts')).volumeRehearse),
  entry('volume ask', async () => (await import('./commands/volume-ask.ts')).volumeAsk),
  entry('volume run', async () => (await import('./commands/volume-run.ts')).volumeRun),
  entry('attach', async () => (await import('./commands/attach.ts')).attach),
  entry('wal-g', async () => (await import('./commands/wal-g.ts')).walG),
  entry('entrypoint', async () => (await import('./commands/entrypoint.ts')).entrypoint),
  entry('config show', async () => (await import('./commands/config-show.ts')).configShow),
];

/** WAL-G's spellings, by which existing archive and restore commands go on working. */
export const ALIASES: ReadonlyMap<string, readonly string[]> = new Map([
  ['wal-push', ['wal', 'push']],
  ['wal-fetch', ['wal', 'fetch']],
]);

/** A command found on the command line, or a group of commands that was not completed. */
export type FoundCommand =
  | { readonly kind: 'command'; readonly entry: ProgramEntry; readonly rest: readonly string[] }
  | { readonly kind: 'group'; readonly words: readonly string[]; readonly rest: readonly string[] };

const startsWith = (path: readonly string[], words: readonly string[]) =>
  words.every((word, index) => path[index] === word);

function leadingWords(args: readonly string[]): readonly string[] {
  const end = args.findIndex((arg) => arg.startsWith('-'));
  return end === -1 ? args : args.slice(0, end);
}

/**
 * Finds the command that the first arguments name.
 *
 * @throws {Failure} `usage`, with the nearest one, if they name none.
 */
export function findCommand(given: readonly string[], program: readonly ProgramEntry[] = PROGRAM): FoundCommand {
  const alias = ALIASES.get(given[0] ?? '');
  const args = alias === undefined ? given : [...alias, ...given.slice(1)];
  const words = leadingWords(args);
  const found = program
    .filter((candidate) => startsWith(words, candidate.path))
    .toSorted((a, b) => b.path.length - a.path.length)[0];
  if (found !== undefined) return { kind: 'command', entry: found, rest: args.slice(found.path.length) };
  if (program.some((candidate) => startsWith(candidate.path, words))) {
    return { kind: 'group', words, rest: args.slice(words.length) };
  }
  throw unknownCommand(words, program);
}

function unknownCommand(words: readonly string[], program: readonly ProgramEntry[]): Failure {
  const known = program.map((candidate) => candidate.path.join(' '));
  const typed = words.slice(0, 2).join(' ');
  const nearest = nearestName(typed, known) ?? nearestName(words[0] ?? '', [...known, ...ALIASES.keys()]);
  return new Failure('usage', {
    message: `cannot run "${typed}": there is no such command`,
    remedy: nearest === undefined ? '"walkback --help" lists the commands.' : `Did you mean "walkback ${nearest}"?`,
  });
}
