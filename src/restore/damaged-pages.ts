/**
 * Pages of increments that do not carry their checksum: which of them matter.
 *
 * A page that was changed while its backup ran may be torn: replay begins before that change, and writes it whole. One that
 * was last changed before the backup began was stored as it was on disk; nothing mends it.
 *
 * @module
 */

import type { Backup } from '../backup/backup.ts';
import type { UnpackedObject } from './restore-messages.ts';

/** A file with such pages. */
export interface DamagedFile {
  /** The backup that holds the pages. */
  readonly backupName: string;
  readonly name: string;
  /** Block numbers in the file, from 0, in order. */
  readonly blocks: readonly number[];
}

/** The files of one backup with pages that nothing mends. */
export function damagedPages(
  { backup }: { readonly backup: Backup },
  unpacked: readonly UnpackedObject[],
): DamagedFile[] {
  return unpacked.flatMap(({ increments }) =>
    increments.flatMap(({ name, damaged }) => {
      const blocks = damaged
        .filter(({ lsn }) => lsn < backup.startLsn || lsn > backup.finishLsn)
        .map(({ block }) => block);
      return blocks.length === 0 ? [] : [{ backupName: backup.name, name, blocks }];
    }),
  );
}
