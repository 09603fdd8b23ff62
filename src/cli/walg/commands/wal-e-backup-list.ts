/**
 * `wal-e backup-list`: backups in WAL-E's columns, between tabs. Patroni's `wale_restore.py` reads them by name, Spilo's
 * `wale_restore.sh` the third thing between blanks, which is the segment where there are no details.
 *
 * The offsets are decimal numbers of eight digits, as PostgreSQL's `pg_walfile_name_offset` gives them.
 *
 * Source: WAL-E `wal_e/storage/base.py` (`BackupInfo`), `wal_e/operator/backup.py` (`backup_list`, `pg_start_backup`),
 * `wal_e/worker/base.py` (`find_all`).
 *
 * @module
 */

import { openArchive } from '../../../app/open-archive.ts';
import type { Backup } from '../../../backup/backup.ts';
import { readBackupListing } from '../../../backup/list.ts';
import { segmentSizeOfBackups } from '../../../backup/segment-size-of-backups.ts';
import { formatSegmentName, segmentAt } from '../../../postgres/wal-segment.ts';
import { parseBackupName } from '../../../walg/backup-names.ts';
import { readStorage } from '../target-storage.ts';
import type { WalgCommand } from '../walg-command.ts';

const COLUMNS = [
  'name',
  'last_modified',
  'expanded_size_bytes',
  'wal_segment_backup_start',
  'wal_segment_offset_backup_start',
  'wal_segment_backup_stop',
  'wal_segment_offset_backup_stop',
] as const;

function detailsOf(backup: Backup): readonly string[] {
  const size = segmentSizeOfBackups([backup]);
  const offset = (lsn: bigint): string => (lsn % BigInt(size)).toString().padStart(8, '0');
  const { startLsn, finishLsn, timeline, dataCatalogSizeBytes, uncompressedSizeBytes, name } = backup;
  return [
    String(dataCatalogSizeBytes ?? uncompressedSizeBytes),
    parseBackupName(name)?.segmentName ?? '',
    offset(startLsn),
    formatSegmentName(segmentAt(timeline, finishLsn, size), size),
    offset(finishLsn),
  ];
}

function rowOf(backup: Backup, isDetailed: boolean): string {
  const brief = ['', parseBackupName(backup.name)?.segmentName ?? '', '', '', ''];
  const cells = [backup.name, backup.modifiedAt.toISOString(), ...(isDetailed ? detailsOf(backup) : brief)];
  return cells.join('\t');
}

/** The newest for `LATEST`, those whose name begins so for anything else. */
function selected(backups: readonly Backup[], query: string | undefined): readonly Backup[] {
  if (query === undefined) return backups;
  return query === 'LATEST' ? backups.slice(-1) : backups.filter(({ name }) => name.startsWith(query));
}

/** The command. */
export const walEBackupList: WalgCommand = {
  words: 'wal-e-backup-list',
  summary: 'What wal-e backup-list prints: backups in its columns, between tabs',
  usage: '[LATEST | beginning_of_name]',
  flags: { detail: { summary: 'Prints sizes and positions too' } },
  operands: [0, 1],
  listener: 'operator',
  isHidden: true,
  run: async ({ operands: [query], flags, values }, { settings, signal, log, streams }) => {
    await using archive = await openArchive(settings, readStorage(values, settings.environment));
    const { backups, broken } = await readBackupListing(archive.store, signal);
    for (const { failure } of broken) log.warning(failure.message);
    const rows = selected(backups, query).map((backup) => rowOf(backup, flags.has('detail')));
    await streams.out.write([COLUMNS.join('\t'), ...rows].map((line) => `${line}\r\n`).join(''));
    return 0;
  },
};
