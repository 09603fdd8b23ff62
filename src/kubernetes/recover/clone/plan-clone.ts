/**
 * Plans the way *clone*: proves that the image, which takes nothing but a time, ends at the planned moment; from which backup it will
 * restore; and that the location it will write to is empty.
 *
 * @module
 */

import { isBackupOnLine } from '../../../backup/delta-line.ts';
import type { Backup } from '../../../backup/backup.ts';
import { listBackups } from '../../../backup/list.ts';
import { Failure } from '../../../base/failure.ts';
import type { TransactionEnd } from '../../../postgres/recovery-target.ts';
import { formatLsn } from '../../../postgres/lsn.ts';
import { formatTimeUs } from '../../../postgres/timestamp.ts';
import type { PlanFacts } from '../../../recovery/facts.ts';
import type { Plan } from '../../../recovery/plan-value.ts';
import type { SwapUses } from '../context.ts';
import type { PlannedClone } from '../plan-value.ts';
import type { CloneSubject } from './clone-subject.ts';

function refuse(found: string, remedy: string): Failure {
  return new Failure('refused', { message: `cannot recover by the way clone: ${found}`, remedy });
}

const OTHER_WAY =
  'Choose another moment, or another way with --way (--walkback-image names an image that has walkback).';

/** As Spilo's Python and PostgreSQL both read it: `2026-06-05 15:02:11.620112+00:00`. */
export function targetTimeText(timeUs: bigint): string {
  return formatTimeUs(timeUs).replace('T', ' ').replace(/Z$/, '+00:00');
}

/**
 * The time that is told: one microsecond before the first transaction that is to go, as the image keeps what was committed at
 * the very time.
 *
 * @throws {Failure} `refused` if none goes: a time behind the last transaction is dropped by the image, which then takes what is there.
 */
export function cloneTimeUs(firstLost: { readonly timeUs: string } | null): bigint {
  if (firstLost !== null) return BigInt(firstLost.timeUs) - 1n;
  throw refuse(
    'no transaction was committed behind the moment, and a time that nothing follows is dropped by the image',
    OTHER_WAY,
  );
}

function isSame(end: TransactionEnd | undefined, planned: { readonly lsn: string } | null): boolean {
  return (end === undefined ? undefined : formatLsn(end.lsn)) === planned?.lsn;
}

/**
 * Commit times are not strictly ordered: a time means the moment only if a server that is told it stops there.
 *
 * @param byTime what was found for the time.
 * @throws {Failure} `refused` if that is another moment.
 */
export function checkSameMoment(recovery: Pick<Plan, 'target'>, { found }: Pick<PlanFacts, 'found'>): void {
  const { lastKept, firstLost, timeline } = recovery.target;
  const isThere = isSame(found.lastKept, lastKept) && isSame(found.firstLost, firstLost) && found.timeline === timeline;
  if (isThere && found.unfinishedFileChanges.length === 0) return;
  throw refuse(
    'the image is told a time, and no time means this moment: transactions around it were committed out of order',
    OTHER_WAY,
  );
}

/** The image takes the backup that was stored last before the time, whatever it is of. */
function checkBackup(backups: readonly Backup[], timeUs: bigint, { line, found }: PlanFacts): void {
  const before = backups.filter(({ modifiedAt }) => BigInt(modifiedAt.getTime()) * 1000n < timeUs);
  const chosen = before.toSorted((a, b) => a.modifiedAt.getTime() - b.modifiedAt.getTime()).at(-1);
  if (chosen !== undefined && isBackupOnLine(chosen, line) && chosen.finishLsn <= found.targetLsn) return;
  throw refuse(
    chosen === undefined
      ? 'the image restores from a backup that was stored before the moment, and there is none'
      : `the image would restore from backup ${chosen.name}, which does not reach this moment`,
    OTHER_WAY,
  );
}

async function checkEmpty(uses: SwapUses, address: string): Promise<void> {
  await using archive = await uses.archiveAt(address);
  const { objects, folders } = await archive.store.listFolder('');
  if (objects.length + folders.length > 0) throw refuse(`${address} is not empty`, 'Plan again in a second.');
}

/** What the plan is made of. */
export interface CloneRequest {
  readonly subject: CloneSubject;
  readonly recovery: Plan;
  /** What a server that is told {@link cloneTimeUs} does. */
  readonly byTime: PlanFacts;
  readonly timeUs: bigint;
}

function locationOf(recovery: Plan): string {
  const stamp = recovery.createdAt
    .replace(/\.\d+Z$/, '')
    .replaceAll(/[-:]/g, '')
    .toLowerCase();
  return `${recovery.preconditions.archiveAddress}-${stamp}-${recovery.id}`;
}

/** The clone. @throws {Failure} `refused` if the image would not end at the moment. */
export async function planClone(
  uses: SwapUses,
  { subject, recovery, byTime, timeUs }: CloneRequest,
): Promise<PlannedClone> {
  const { target, majorVersion, preconditions, space } = recovery;
  checkSameMoment(recovery, byTime);
  checkBackup(await listBackups(uses.store, uses.signal), timeUs, byTime);
  if (subject.claimBytes < BigInt(space.neededBytes)) {
    throw refuse(
      `a new claim of ${subject.claimBytes} bytes is made of the StatefulSet's template, and ${space.neededBytes} are needed`,
      'Make the StatefulSet anew with a larger claim template, or choose another way.',
    );
  }
  const to = locationOf(recovery);
  await checkEmpty(uses, to);
  return {
    container: subject.container,
    variables: {
      CLONE_METHOD: 'CLONE_WITH_WALE',
      CLONE_SCOPE: subject.scope,
      CLONE_USE_WALG_RESTORE: 'true',
      [subject.cloneVariable]: preconditions.archiveAddress,
      CLONE_TARGET_TIME: targetTimeText(timeUs),
      CLONE_TARGET_TIMELINE: String(target.timeline),
      PGVERSION: String(majorVersion),
    },
    copied: subject.copied,
    archive: {
      from: preconditions.archiveAddress,
      to,
      variables: Object.fromEntries(subject.prefixVariables.map((name) => [name, to])),
    },
    targetTimeUs: timeUs.toString(),
    stopLsn: formatLsn(byTime.found.targetLsn),
  };
}
