/**
 * The command lines by which Patroni and PostgreSQL call walkback. None holds a secret: those are in the directory of
 * variables that each names.
 *
 * Patroni splits its commands with Python's `shlex` and adds `--scope=`, `--datadir=` and the like; PostgreSQL gives its
 * to a shell.
 *
 * @module
 */

import { formatTimeUs } from '../postgres/timestamp.ts';
import type { CloneTarget } from './container-plan.ts';
import { quoted, quotedForServer } from './quote.ts';

/** `walkback --env-dir DIRECTORY …`. */
function walkback(environmentPath: string, ...words: readonly string[]): string {
  return ['walkback', '--env-dir', environmentPath, ...words].map(quoted).join(' ');
}

/** What a clone from an archive is started with. */
export interface CloneCommand {
  /** Of the archive that is cloned. */
  readonly environmentPath: string;
  /** Of the archive that the new cluster writes; `undefined` if it has none. */
  readonly ownEnvironmentPath: string | undefined;
  readonly addresses: readonly string[];
  readonly target: CloneTarget;
  readonly major: number;
}

/** Everything that the archive has ends nowhere that could be left out. */
function timeWords({ timeUs, isInclusive }: CloneTarget): readonly string[] {
  if (timeUs === undefined) return ['--to-latest'];
  return ['--to-time', formatTimeUs(timeUs), ...(isInclusive ? [] : ['--exclusive'])];
}

/** `bootstrap.clone_with_wale.command`. */
export function cloneCommand(given: CloneCommand): string {
  const { environmentPath, ownEnvironmentPath, addresses, target, major } = given;
  return walkback(
    environmentPath,
    'bootstrap',
    'clone',
    ...timeWords(target),
    ...(target.timeline === undefined ? [] : ['--timeline', String(target.timeline)]),
    '--major',
    String(major),
    ...(addresses.length < 2 ? [] : addresses.flatMap((address) => ['--look-in', address])),
    ...(ownEnvironmentPath === undefined ? [] : ['--archive-env-dir', ownEnvironmentPath]),
  );
}

/** `bootstrap.clone_with_basebackup.command`. */
export function basebackupCommand(
  given: Pick<CloneCommand, 'environmentPath' | 'ownEnvironmentPath' | 'major'>,
): string {
  const { environmentPath, ownEnvironmentPath, major } = given;
  const own = ownEnvironmentPath === undefined ? [] : ['--archive-env-dir', ownEnvironmentPath];
  return walkback(environmentPath, 'bootstrap', 'basebackup', '--major', String(major), ...own);
}

/** The command of a replica method. */
export function replicaCommand(environmentPath: string): string {
  return walkback(environmentPath, 'replica', 'create');
}

/** The command of the method that makes the leader of a standby cluster: without a server to follow, of the archive alone. */
export function standbyLeaderCommand(environmentPath: string): string {
  return walkback(environmentPath, 'replica', 'create', '--follow-archive');
}

/** `bootstrap.post_init`. */
export function postInitCommand(environmentPath: string, rolesPath: string): string {
  return walkback(environmentPath, 'post-init', '--roles', rolesPath);
}

/** `archive_command`: the spool's script, which calls `walkback wal push` only when no agent lives. */
export function archiveCommand(environmentPath: string, spoolDirectory: string): string {
  const directory = quotedForServer(environmentPath);
  return `WALKBACK_ENV_DIR=${directory} walkback-archive ${quotedForServer(spoolDirectory)} "%p"`;
}

/** `restore_command` of members, by the spool. `waitS`: how long one file may take; `undefined`: as the script has it. */
export function restoreCommand(environmentPath: string, spoolDirectory: string, waitS: number | undefined): string {
  const wait = waitS === undefined ? '' : `WALKBACK_RESTORE_WAIT_S=${waitS} `;
  const directory = quotedForServer(environmentPath);
  return `WALKBACK_ENV_DIR=${directory} ${wait}walkback-restore ${quotedForServer(spoolDirectory)} "%f" "%p"`;
}

/** `restore_command` of a standby cluster: from its source's archive, which the agent here does not serve. */
export function standbyRestoreCommand(environmentPath: string): string {
  return `walkback --env-dir ${quotedForServer(environmentPath)} wal fetch "%f" "%p"`;
}
