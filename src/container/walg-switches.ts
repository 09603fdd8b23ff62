/**
 * USE_WALG and its two special cases, by which Spilo chooses between WAL-G and WAL-E. Here there is one format, WAL-G's:
 * whoever asks for WAL-E is told so.
 *
 * Source: Spilo `configure_spilo.py` (`set_walg_placeholders`, `get_placeholders`).
 *
 * @module
 */

import type { ArchivePrefix } from './archive-store.ts';
import type { Reading } from './reading.ts';

/** Stores for which Spilo restores with WAL-G unless told otherwise. */
const RESTORED_BY_WALG = [
  'WAL_S3_BUCKET',
  'WALE_S3_PREFIX',
  'WALG_S3_PREFIX',
  'WALG_AZ_PREFIX',
  'WALG_SSH_PREFIX',
  'WALG_FILE_PREFIX',
];
/** … and for which it takes backups with it. */
const WRITTEN_BY_WALG = ['WALG_AZ_PREFIX', 'WALG_SSH_PREFIX', 'WALG_FILE_PREFIX'];

/** True if Spilo would have used wal-g throughout; of a clone or a standby's source, for reading. */
export function readWalgSwitches(reading: Reading, prefix: ArchivePrefix): boolean {
  const names = ['USE_WALG', 'USE_WALG_BACKUP', 'USE_WALG_RESTORE'].map((name) => prefix + name);
  const [all, backup, restore] = names.map((name) => reading.boolean(name));
  for (const name of names) {
    if (reading.get(name)?.trim().toLowerCase() !== 'false') continue;
    reading.refuse({
      of: name,
      found: "it is false, which asks for WAL-E, and walkback reads and writes WAL-G's format only",
      remedy: `Set ${name} to true. Backups that WAL-E took cannot be restored by walkback; keep Spilo for those.`,
    });
  }
  const inAny = (stores: readonly string[]) => reading.setOf(stores.map((name) => prefix + name)).length > 0;
  const general = all ?? (prefix === '' ? undefined : reading.get('USE_WALG')?.toLowerCase() === 'true');
  const isRestored = restore ?? general ?? inAny(RESTORED_BY_WALG);
  const isWritten = backup ?? general ?? inAny(WRITTEN_BY_WALG);
  return prefix === '' ? isRestored && isWritten : isRestored || inAny(WRITTEN_BY_WALG);
}
