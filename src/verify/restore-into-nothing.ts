/**
 * A restore without a disk: what each backup of a chain gives is put together as a restore would, by name and size, and
 * the WAL that makes the files consistent is read from the place where replay begins to the one where it may end.
 *
 * @module
 */

import { chainOf } from '../backup/delta-chain.ts';
import type { Backup } from '../backup/backup.ts';
import { Failure } from '../base/failure.ts';
import type { ArchivedWal } from '../history/archived-wal.ts';
import { scanWal } from '../history/scan.ts';
import type { Timelines } from '../history/timelines.ts';
import { formatLsn, type Lsn } from '../postgres/lsn.ts';
import { parseBackupLabel } from '../postgres/backup-label.ts';
import { checkComplete, expectedOf } from '../restore/expected-files.ts';
import { decideLevels, type RestoreLevel } from '../restore/restore-levels.ts';
import type { UnpackedObject } from '../restore/restore-messages.ts';
import { CONTROL_FILE } from '../restore/restored-path.ts';
import { neededParts } from '../restore/tar-objects.ts';
import type { CallOptions, ObjectStore } from '../storage/object-store.ts';
import type { BackupContents } from './verify-backup.ts';

/** What a restore is made of. */
export interface RestoreIntoNothing extends CallOptions {
  readonly store: ObjectStore;
  readonly wal: ArchivedWal;
  readonly timelines: Timelines;
  /** All of the archive. */
  readonly backups: readonly Backup[];
  /** What the parts of each backup of the chain hold. */
  readonly contents: ReadonlyMap<string, BackupContents>;
}

/** How many files and bytes a restore would have written. */
export interface RestoredIntoNothing {
  readonly files: number;
  readonly sizeBytes: number;
}

/**
 * Restores a backup whose chain is on one line.
 *
 * @throws {Failure} `corrupt`, `refused`: what a restore would end with; `notInArchive`: the same, for what is not the backup's
 *   own and is found wherever it is looked for (a backup that it builds on, WAL that is missing).
 */
export async function restoreIntoNothing(backup: Backup, given: RestoreIntoNothing): Promise<RestoredIntoNothing> {
  const { contents } = given;
  const chain = chainOf(backup, given.backups);
  const held = chain.map((one) => contents.get(one.name) ?? notRead(backup, one));
  const sizes = new Map<string, number>();
  for (const level of decideLevels(held)) {
    const own = contents.get(level.backup.name);
    if (own !== undefined) applyLevel(level, own, sizes);
  }
  const newest = held.at(-1);
  const texts = new Map([...(newest?.parts.values() ?? [])].flatMap((part) => [...part.texts]));
  if (!texts.has(CONTROL_FILE)) throw cannot(backup, 'no object of it holds global/pg_control');
  const label = texts.get('backup_label');
  if (label === undefined) throw cannot(backup, 'no object of it holds backup_label');
  await replay(backup, parseBackupLabel(label.toString('utf8')).checkpointLsn, given);
  return { files: sizes.size, sizeBytes: [...sizes.values()].reduce((sum, sizeBytes) => sum + sizeBytes, 0) };
}

/** What one backup gives, put onto what those before it gave. */
function applyLevel(
  level: RestoreLevel,
  { backup, metadata, objects, parts }: BackupContents,
  sizes: Map<string, number>,
): void {
  const unpacked = neededParts(
    level,
    objects.parts.map(({ object }) => object),
  ).flatMap((object): UnpackedObject[] => {
    const part = parts.get(object.objectName);
    return part === undefined ? [] : [takenOf(part.contents, level)];
  });
  checkComplete(backup, expectedOf(backup, metadata, level.wanted), unpacked);
  for (const { files, increments } of unpacked) {
    for (const [name, sizeBytes] of files) sizes.set(name, sizeBytes);
    for (const { name, fileSizeBytes } of increments) {
      if (!sizes.has(name)) throw cannot(backup, `it holds an increment of ${name}, and no backup before it the file`);
      sizes.set(name, fileSizeBytes);
    }
  }
}

/** Without what the backups behind have anew, or is not listed any more. */
function takenOf(contents: UnpackedObject, { wanted }: RestoreLevel): UnpackedObject {
  if (wanted === undefined) return contents;
  return {
    ...contents,
    files: contents.files.filter(([name]) => wanted.get(name) === 'whole'),
    increments: contents.increments.filter(({ name }) => wanted.get(name) === 'increment'),
  };
}

/** Reads WAL as the server would, from the begin of the backup until its files are consistent. */
async function replay(backup: Backup, checkpointLsn: Lsn, given: RestoreIntoNothing): Promise<void> {
  const { store, wal, timelines, signal } = given;
  const { timeline, startLsn, finishLsn } = backup;
  const line = timelines.isKnown(timeline) ? timelines.lineOf(timeline) : { timeline, ancestors: [] };
  const scan = scanWal({ store, wal, line, fromLsn: startLsn, toLsn: finishLsn, signal, alsoFirstAt: [] });
  let hasCheckpoint = false;
  let endLsn: Lsn = startLsn;
  for await (const event of scan) {
    if (event.kind === 'checkpoint' && event.lsn === checkpointLsn) hasCheckpoint = true;
    if (event.endLsn > endLsn) endLsn = event.endLsn;
  }
  endLsn = scan.last !== undefined && scan.last.endLsn > endLsn ? scan.last.endLsn : endLsn;
  const isWhole = endLsn >= finishLsn;
  const damage = scan.end?.kind === 'damage' ? scan.end.stop : undefined;
  if (!hasCheckpoint && (isWhole || damage !== undefined)) {
    throw cannot(backup, `there is no checkpoint at ${formatLsn(checkpointLsn)}, where it begins`);
  }
  if (isWhole) return;
  const why = damage === undefined ? '' : `: ${damage.fileName}: ${damage.reason}`;
  throw cannot(
    backup,
    `WAL can be read to ${formatLsn(endLsn)}, and its files need it to ${formatLsn(finishLsn)}${why}`,
    damage === undefined ? 'notInArchive' : 'corrupt',
  );
}

function notRead(backup: Backup, member: Backup): never {
  throw cannot(backup, `${member.name}, which it builds on, cannot be read`, 'notInArchive');
}

function cannot(backup: Backup, found: string, kind: 'corrupt' | 'notInArchive' = 'corrupt'): Failure {
  return new Failure(kind, {
    message: `cannot restore ${backup.name}: ${found}`,
    remedy: 'Restore from another backup; take a new one.',
  });
}
