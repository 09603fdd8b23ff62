/**
 * Damaged pages in what was restored: those that nothing mends.
 *
 * Of an increment each page is looked at. One that was changed while its backup ran may be torn: replay begins before that
 * change, and writes it whole. One that was last changed before the backup began was stored as it was on disk. Of a file
 * that is stored whole the list of files says which pages were damaged on the server when it was taken.
 *
 * @module
 */

import type { Backup } from '../backup/backup.ts';
import type { UnpackedObject } from './restore-messages.ts';
import type { DescribedBackup } from './restore-levels.ts';
import { normalizeEntryName } from './restored-path.ts';

/** A file with such pages. */
export interface DamagedFile {
  /** The backup that holds the pages. */
  readonly backupName: string;
  readonly name: string;
  /** Block numbers in the file, from 0, in order. WAL-G keeps some of many. */
  readonly blocks: readonly number[];
}

const SHOWN_FILES = 5;
const SHOWN_BLOCKS = 10;

/** True if replay of the backup writes a page whole that was last changed there. */
export function doesReplayMend(
  pageLsn: bigint,
  { startLsn, finishLsn }: Pick<Backup, 'startLsn' | 'finishLsn'>,
): boolean {
  return pageLsn >= startLsn && pageLsn <= finishLsn;
}

/** The files of one backup with pages in increments that nothing mends. */
export function damagedPages(
  { backup }: { readonly backup: Backup },
  unpacked: readonly UnpackedObject[],
): DamagedFile[] {
  return unpacked.flatMap(({ increments }) =>
    increments.flatMap(({ name, damaged }) => {
      const blocks = damaged.filter(({ lsn }) => !doesReplayMend(lsn, backup)).map(({ block }) => block);
      return blocks.length === 0 ? [] : [{ backupName: backup.name, name, blocks }];
    }),
  );
}

/**
 * The files with pages that were damaged when a backup took them whole, once this backup is restored too.
 *
 * @param before those of the backups that it builds on.
 */
export function damageOnRecord(
  before: readonly DamagedFile[],
  { backup, metadata }: Pick<DescribedBackup, 'metadata'> & { readonly backup: Pick<Backup, 'name'> },
  unpacked: readonly Pick<UnpackedObject, 'files'>[],
): DamagedFile[] {
  const whole = new Set(unpacked.flatMap(({ files }) => files.map(([name]) => name)));
  const own = [...(metadata?.files ?? [])].flatMap(([listedName, { corruptBlocks }]): DamagedFile[] => {
    if (corruptBlocks === undefined) return [];
    const name = normalizeEntryName(listedName, backup.name);
    return whole.has(name) ? [{ backupName: backup.name, name, blocks: corruptBlocks.blocks }] : [];
  });
  return [...before.filter(({ name }) => !whole.has(name)), ...own];
}

/** One line for a person; `undefined` if there are none. */
export function damageText(files: readonly DamagedFile[]): string | undefined {
  if (files.length === 0) return undefined;
  const shown = files.slice(0, SHOWN_FILES).map(({ name, blocks, backupName }) => {
    const more = blocks.length > SHOWN_BLOCKS ? ', …' : '';
    return `${name} (blocks ${blocks.slice(0, SHOWN_BLOCKS).join(', ')}${more}, in ${backupName})`;
  });
  const left = files.length - shown.length;
  return `${shown.join('; ')}${left > 0 ? `; and ${left} files more` : ''}`;
}
