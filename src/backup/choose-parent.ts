/**
 * Which backup a delta builds on, or why there is none and a full backup is due.
 *
 * A parent is the newest backup of this cluster on the server's line of history that can be restored itself, or the one
 * that was named. Its files must say when they were changed (the list of files), and its pages where (checksums, or
 * `wal_log_hints`, then and now): without, a change that only sets a page all-visible would be missed. Of a cluster whose
 * pages are not of 8 KiB there are full backups alone.
 *
 * Source: WAL-G `internal/databases/postgres/delta_backup_configurator.go`, which looks at neither line nor cluster.
 *
 * @module
 */

import { Failure, isFailure } from '../base/failure.ts';
import type { ControlFile } from '../postgres/control-file.ts';
import { PAGE_SIZE_BYTES } from '../postgres/page-checksum-constants.ts';
import type { TimelineHistory } from '../postgres/timeline-history.ts';
import type { CallOptions, ObjectStore } from '../storage/object-store.ts';
import { metadataKey } from '../walg/backup-names.ts';
import type { FileDescription } from '../walg/files-metadata.ts';
import type { Backup } from './backup.ts';
import { controlOfBackup } from './control-of-backup.ts';
import { chainOf } from './delta-chain.ts';
import { firstOffLine, isBackupOnLine, restorableBackups } from './delta-line.ts';
import { readFilesMetadata } from './files-of-backup.ts';
import { listBackups } from './list.ts';
import { listRemovals } from './removal.ts';

/** What a delta may build on. */
export interface DeltaWish {
  /** The longest chain: 1 allows a delta on a full backup. */
  readonly maxSteps: number;
  /** `LATEST_FULL`: on the full backup at the root of the latest one's chain. WAL-G's words. */
  readonly origin: 'LATEST' | 'LATEST_FULL';
  /** This backup and no other. Where it cannot be, the delta is refused, not made full. */
  readonly fromName?: string;
}

/** The parent of a delta. */
export interface DeltaParent {
  readonly backup: Backup;
  /** It and those it builds on, the full one first. */
  readonly chain: readonly Backup[];
  /** WAL-G's count: one more than the latest one's. */
  readonly count: number;
  /** As the parent's list names them. */
  readonly files: ReadonlyMap<string, FileDescription>;
  /** True if page headers tell what has changed since. */
  readonly arePagesTelling: boolean;
}

/** The parent, or the reason for a full backup. */
export type ParentChoice =
  | { readonly kind: 'delta'; readonly parent: DeltaParent }
  | { readonly kind: 'full'; readonly because: string };

/** The server that the delta is of. */
export interface DeltaServer {
  readonly control: ControlFile;
  readonly line: TimelineHistory;
  readonly isPermanent: boolean;
}

/** Chooses. @throws {Failure} `notInArchive` or `refused` if the parent was named and cannot be it. */
export async function chooseParent(
  store: ObjectStore,
  wish: DeltaWish,
  server: DeltaServer,
  options: CallOptions = {},
): Promise<ParentChoice> {
  const removed = new Set(await listRemovals(store, options));
  const listed = await listBackups(store, options.signal);
  const backups = listed.filter(({ name }) => !removed.has(name));
  try {
    if (wish.fromName !== undefined && removed.has(wish.fromName)) throw new NoParent('it is being deleted');
    const parent = await findParent(store, backups, wish, server, options);
    return { kind: 'delta', parent };
  } catch (error) {
    if (!(error instanceof NoParent)) throw error;
    if (wish.fromName === undefined) return { kind: 'full', because: error.message };
    throw new Failure('refused', {
      message: `cannot take a delta backup on ${wish.fromName}: ${error.message}`,
      remedy: 'Name another backup, or take a full one.',
    });
  }
}

/** Why there is none. */
class NoParent extends Error {}

async function findParent(
  store: ObjectStore,
  backups: readonly Backup[],
  wish: DeltaWish,
  server: DeltaServer,
  options: CallOptions,
): Promise<DeltaParent> {
  const latest = wish.fromName === undefined ? latestOf(backups, server) : named(backups, wish.fromName, server);
  const count = (latest.deltaCount ?? 0) + 1;
  if (count > wish.maxSteps) {
    throw new NoParent(`${latest.name} is already step ${count - 1} of a chain, and ${wish.maxSteps} are allowed`);
  }
  const chain = wish.origin === 'LATEST_FULL' ? chainOf(latest, backups).slice(0, 1) : chainOf(latest, backups);
  const backup = chain.at(-1) ?? latest;
  if (latest.isPermanent && !server.isPermanent && wish.origin === 'LATEST') {
    throw new NoParent(`${latest.name} is kept for good, and a delta on it would hold on to it`);
  }
  if (server.isPermanent) await refuseUnmarkable(store, chain, options);
  return { backup, chain, count, ...(await readParent(store, backup, server, options)) };
}

/** A delta that is kept for good keeps its chain, which is found out here, not when all of it has been stored. */
async function refuseUnmarkable(store: ObjectStore, chain: readonly Backup[], options: CallOptions): Promise<void> {
  for (const { name, isPermanent } of chain) {
    const address = isPermanent ? undefined : await store.readElsewhere?.(metadataKey(name), options);
    if (address === undefined) continue;
    throw new NoParent(
      `${name} would be kept for good too, and is in ${address}, a failover storage, which is only read`,
    );
  }
}

function named(backups: readonly Backup[], name: string, server: DeltaServer): Backup {
  const backup = backups.find((one) => one.name === name);
  if (backup === undefined) {
    throw new Failure('notInArchive', {
      message: `cannot take a delta backup on ${JSON.stringify(name)}: there is no such backup in the archive`,
      remedy: 'List what there is: walkback backup list',
    });
  }
  const why = whyUnfit(backup, server) ?? whyChainUnfit(backup, backups, server);
  if (why !== undefined) throw new NoParent(why);
  return backup;
}

/** The newest of those that fit: on one line positions tell, also where a copy of the archive has lost its times. */
function latestOf(backups: readonly Backup[], server: DeltaServer): Backup {
  const inOrder = backups.toSorted((a, b) => (a.startLsn < b.startLsn ? -1 : a.startLsn > b.startLsn ? 1 : 0));
  const restorable = restorableBackups(inOrder, () => server.line);
  const found = restorable.findLast((one) => whyUnfit(one, server) === undefined);
  if (found !== undefined) return found;
  const newest = inOrder.at(-1);
  if (newest === undefined) throw new NoParent('there is no backup yet');
  const why = whyUnfit(newest, server) ?? whyChainUnfit(newest, backups, server) ?? 'it cannot be restored';
  throw new NoParent(`no backup fits; ${newest.name} does not, because ${why}`);
}

function whyUnfit(backup: Backup, { control, line }: DeltaServer): string | undefined {
  const { systemIdentifier, pgVersionNum } = backup;
  if (systemIdentifier !== undefined && systemIdentifier !== control.systemIdentifier) {
    return `it is of another cluster (system ${systemIdentifier})`;
  }
  const major = Math.floor(pgVersionNum / 10_000);
  if (major !== control.majorVersion) return `it is of PostgreSQL ${major}`;
  if (!isBackupOnLine(backup, line)) return `it is not on the line of history of timeline ${line.timeline}`;
  return undefined;
}

function whyChainUnfit(backup: Backup, backups: readonly Backup[], { line }: DeltaServer): string | undefined {
  try {
    const stray = firstOffLine(chainOf(backup, backups), line);
    return stray && `${stray.name}, which it builds on, is not on the line of history of timeline ${line.timeline}`;
  } catch (error) {
    if (isFailure(error, 'corrupt')) return error.message;
    throw error;
  }
}

async function readParent(
  store: ObjectStore,
  backup: Backup,
  { control }: DeltaServer,
  options: CallOptions,
): Promise<Pick<DeltaParent, 'files' | 'arePagesTelling'>> {
  const then = await controlOfBackup(store, backup.name, options);
  if (then === undefined) throw new NoParent('it has no control file of its own');
  if (then.systemIdentifier !== control.systemIdentifier) throw new NoParent('its control file is of another cluster');
  if (then.blockSizeBytes !== control.blockSizeBytes || then.blocksPerSegment !== control.blocksPerSegment) {
    throw new NoParent('its files are made of other pages');
  }
  // An increment counts in them; of other pages a block's number would lead to other bytes.
  if (control.blockSizeBytes !== PAGE_SIZE_BYTES) throw new NoParent("the cluster's pages are not of 8 KiB");
  // pg_checksums writes every page, and moves no page's position.
  if (then.dataChecksumVersion !== control.dataChecksumVersion) {
    throw new NoParent('data checksums were turned on or off since');
  }
  const metadata = await listOf(store, backup, options);
  if (metadata === undefined) throw new NoParent('it has no list of files');
  const arePagesTelling = control.dataChecksumVersion > 0 || (control.hasWalLogHints && then.hasWalLogHints);
  return { files: metadata.files, arePagesTelling };
}

async function listOf(store: ObjectStore, backup: Backup, options: CallOptions) {
  try {
    return await readFilesMetadata(store, backup, options);
  } catch (error) {
    // Refused is a list that is too long: the next backup is a full one, and not none.
    if (isFailure(error, 'corrupt') || isFailure(error, 'refused')) throw new NoParent(error.message, { cause: error });
    throw error;
  }
}
