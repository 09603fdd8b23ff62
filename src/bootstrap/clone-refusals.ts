/**
 * Why a clone is not begun.
 *
 * @module
 */

import type { Backup } from '../backup/backup.ts';
import { Failure, isFailure } from '../base/failure.ts';
import { listArchivedWal, type ArchivedWal } from '../history/archived-wal.ts';
import type { FoundMoment } from '../history/found-moment.ts';
import { formatLsn } from '../postgres/lsn.ts';
import type { TimelineHistory } from '../postgres/timeline-history.ts';
import type { ChosenLine } from './choose-line.ts';
import type { ClonePlan } from './clone-plan-value.ts';
import type { BootstrapPlace } from './place.ts';
import type { CloneUses } from './uses.ts';

/** What was found in the archive. */
export interface CloneFound {
  readonly chosen: ChosenLine;
  readonly line: TimelineHistory;
  readonly found: FoundMoment<Backup>;
  readonly passedOver: readonly string[];
  /** The names of the found backup and of those it builds on, the full one first. */
  readonly chain: readonly string[];
}

/** What is decided on. */
export interface CloneFacts extends CloneFound {
  readonly wal: ArchivedWal;
  readonly upgrade: ClonePlan['upgrade'];
  readonly freeBytes: bigint;
  readonly neededBytes: bigint;
  readonly place: BootstrapPlace;
}

function refuse(found: string, remedy: string, facts: readonly string[] = []): Failure {
  return new Failure('refused', { message: `cannot clone: ${found}`, remedy, facts });
}

/** @throws {Failure} `refused`. */
export function checkClone(facts: CloneFacts): void {
  checkMajors(facts);
  checkRoom(facts);
  checkTablespaces(facts);
  checkResourceManagers(facts);
}

function checkMajors({ upgrade, found }: CloneFacts): void {
  if (upgrade === null) return;
  if (upgrade.to < upgrade.from) {
    throw refuse(
      `backup ${found.backup.name} is of PostgreSQL ${upgrade.from}, and the new cluster is to be PostgreSQL ${upgrade.to}, which is older`,
      `Set PGVERSION=${upgrade.from}, or a newer one that is installed: it is then upgraded.`,
    );
  }
  const [prepared] = found.preparedAtTarget;
  if (prepared === undefined) return;
  throw refuse(
    `transaction ${prepared.xid} is prepared at the target, and pg_upgrade refuses such a cluster`,
    `Choose another target, or clone with PostgreSQL ${upgrade.from}, end the transaction (COMMIT PREPARED or ROLLBACK PREPARED) and upgrade then.`,
  );
}

function checkRoom({ freeBytes, neededBytes, place }: CloneFacts): void {
  if (freeBytes >= neededBytes) return;
  throw refuse(
    `the restored data need about ${neededBytes} bytes, and ${freeBytes} are free on the file system of ${place.dataDirectory}`,
    `Use a larger volume, or make room; ${place.dataDirectory}.failed is what Patroni has kept of a bootstrap that failed.`,
  );
}

/** Replaying these acts on directories outside of the restored data: those of whatever cluster is there. */
function checkTablespaces({ found }: CloneFacts): void {
  const [first] = found.tablespaceChanges;
  if (first === undefined) return;
  throw refuse(
    `on the way to the target a ${first.kind === 'tablespaceCreate' ? `CREATE TABLESPACE at ${JSON.stringify(first.path)}` : 'DROP TABLESPACE'} would be replayed, which acts on directories outside of the restored data`,
    `Choose a target before ${formatLsn(first.lsn)}, or one that a backup behind it reaches.`,
    [`transaction ${first.xid}, at ${formatLsn(first.lsn)}`],
  );
}

function checkResourceManagers({ found }: CloneFacts): void {
  const numbers = found.customResourceManagers;
  if (numbers.length === 0) return;
  throw refuse(
    `on the way to the target is WAL of an extension's own kind (resource manager ${numbers.join(', ')}), which cannot be replayed without its library`,
    'Choose a target before the extension was used.',
  );
}

/**
 * The archive that the new cluster will write must be free for it, or its own: another system's WAL would be mixed with it,
 * and after an upgrade the numbers begin again at 1.
 *
 * @throws {Failure} `refused`, and what the store throws.
 */
export async function checkNewArchive(
  { writesTo, store, signal }: CloneUses,
  wal: ArchivedWal,
  upgrade: ClonePlan['upgrade'],
): Promise<void> {
  if (writesTo === undefined) return;
  const isTheSame = writesTo.address === store.address;
  const there = isTheSame ? wal : await walOf(writesTo, signal);
  if (there === undefined) return;
  if (upgrade !== null) {
    throw refuse(
      `the new cluster would archive into ${writesTo.address}, which holds WAL of system ${there.systemIdentifier}, and after the upgrade from PostgreSQL ${upgrade.from} to ${upgrade.to} it is another system that begins again on timeline 1`,
      'Give the new cluster an archive location that is empty (WALG_GS_PREFIX, WALE_S3_PREFIX …; a prefix made of the bucket alone has the version in it), and keep the old one.',
    );
  }
  if (there.systemIdentifier === wal.systemIdentifier) return;
  throw refuse(
    `the new cluster would archive into ${writesTo.address}, which holds WAL of system ${there.systemIdentifier}; the clone is system ${wal.systemIdentifier}`,
    'Give the new cluster an archive location that is empty, or the one that it is cloned from.',
  );
}

/** `undefined` if there is none. */
async function walOf(store: CloneUses['store'], signal: AbortSignal | undefined): Promise<ArchivedWal | undefined> {
  return listArchivedWal(store, signal === undefined ? {} : { signal }).catch((error: unknown) => {
    if (isFailure(error, 'notInArchive')) return undefined;
    throw error;
  });
}
