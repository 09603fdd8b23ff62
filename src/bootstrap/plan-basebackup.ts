/**
 * What a copy of a running server will be, looked at before anything is changed: what `--dry-run` shows.
 *
 * @module
 */

import { Failure, isFailure } from '../base/failure.ts';
import { listArchivedWal } from '../history/archived-wal.ts';
import type { ServerPosition } from '../instance/replication-connection.ts';
import { formatLsn } from '../postgres/lsn.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { addressOf, type CopyUses } from './copy-server.ts';
import { inBootstrapWords } from './failure-words.ts';
import { isInPlace } from './in-place.ts';
import { isStepDone, readBootstrapJournal, type BootstrapEntry } from './journal.ts';
import { checkPlace, freeBytesOf, hasData } from './place.ts';

/** What a copy works with. */
export interface BasebackupUses extends CopyUses {
  readonly writesTo: ObjectStore | undefined;
  readonly binariesOf: (major: number) => Promise<string>;
  readonly superuser: string;
  readonly scope: string;
  /** The major that the new cluster is to have, if it was told. */
  readonly major: number | undefined;
  /** Asks the server which system it is, and how far. @throws {Failure} `denied`, `unavailable`. */
  readonly readPosition: () => Promise<ServerPosition>;
  readonly isOrphan: () => boolean;
  readonly onEntry: (entry: BootstrapEntry) => void;
}

/** A plan. Sizes are in bytes, as decimal text. */
export interface BasebackupPlan {
  /** `standby@db.example:5432` */
  readonly from: string;
  readonly dataDirectory: string;
  readonly systemIdentifier: string;
  readonly major: number;
  /** The new cluster goes on with it. */
  readonly timeline: number;
  /** How far the server is. */
  readonly position: string;
  readonly isOfReplica: boolean;
  /** `null`: it archives nowhere that was named. */
  readonly writesTo: string | null;
  readonly freeBytes: string;
  /** A copy that is whole already, and only has to be put in place. */
  readonly isCopied: boolean;
}

/** @throws {Failure} `refused` if the server is of another major than the cluster is to be. */
export function checkMajor(found: number, { major, server }: Pick<BasebackupUses, 'major' | 'server'>): void {
  if (major === undefined || major === found) return;
  throw new Failure('refused', {
    message: `cannot make a cluster of PostgreSQL ${major}: ${addressOf(server)} is PostgreSQL ${found}`,
    remedy: `Set PGVERSION=${found} and upgrade afterwards, or clone from its archive, which upgrades.`,
  });
}

/** The same before hours of copying, where the server says it. One that cannot be asked is pg_basebackup's to refuse. */
export async function checkServerMajor(uses: BasebackupUses): Promise<void> {
  const position = await uses.readPosition().catch(() => undefined);
  if (position !== undefined) checkMajor(position.majorVersion, uses);
}

/** @throws {Failure} `refused` if the archive that the new cluster would write has WAL. */
export async function checkArchiveIsEmpty({ writesTo, signal }: BasebackupUses): Promise<void> {
  if (writesTo === undefined) return;
  const there = await listArchivedWal(writesTo, signal === undefined ? {} : { signal }).catch((error: unknown) => {
    if (isFailure(error, 'notInArchive')) return undefined;
    throw error;
  });
  if (there === undefined) return;
  throw new Failure('refused', {
    message: `cannot copy a server into a cluster that archives into ${writesTo.address}: it holds WAL of system ${there.systemIdentifier} already, and a copy goes on writing the timeline of the server it is a copy of`,
    remedy:
      'Give the new cluster an archive location that is empty. If the copy was made before and its data are lost: clone from this archive instead (CLONE_METHOD=CLONE_WITH_WALE).',
  });
}

/**
 * Looks; changes nothing.
 *
 * @throws {Failure} why it cannot be made: the place, the server, its major, or an archive that holds WAL.
 */
export async function planBasebackup(uses: BasebackupUses): Promise<BasebackupPlan> {
  const { place, server, writesTo } = uses;
  return inBootstrapWords(place, async () => {
    const entries = await readBootstrapJournal(place.folder);
    const isInTheirPlace = await isInPlace(place, entries);
    if (!isInTheirPlace) await checkPlace(place);
    const isCopied = isInTheirPlace || (isStepDone(entries, 'copy') && (await hasData(place)));
    const { systemIdentifier, majorVersion, line, lsn, isReplica } = await uses.readPosition();
    checkMajor(majorVersion, uses);
    if (!isCopied) await checkArchiveIsEmpty(uses);
    return {
      from: addressOf(server),
      dataDirectory: place.dataDirectory,
      systemIdentifier: systemIdentifier.toString(),
      major: majorVersion,
      timeline: line.timeline,
      position: formatLsn(lsn),
      isOfReplica: isReplica,
      writesTo: writesTo?.address ?? null,
      freeBytes: String(await freeBytesOf(place)),
      isCopied,
    };
  });
}
