/**
 * `wal-g backup-list`: the backups, in WAL-G's columns and keys.
 *
 * A backup whose sentinel cannot be read is in the list all the same, as in WAL-G's, which reads none; it is also named on
 * standard error.
 *
 * Source: WAL-G `internal/backup_list_handler.go`, `internal/databases/postgres/backup_list_handler.go`.
 *
 * @module
 */

import { openArchive } from '../../../app/open-archive.ts';
import { readBackupListing } from '../../../backup/list.ts';
import { formatJson64, type JsonValue } from '../../../walg/json64.ts';
import { detailsOfAll, listedBackups, type BackupDetails, type ListedBackup } from '../backup-details.ts';
import { indentedJson } from '../indented-json.ts';
import { readStorage } from '../target-storage.ts';
import { TARGET_STORAGE, type WalgCommand } from '../walg-command.ts';
import { boxedTable, plainTable } from '../walg-tables.ts';
import { goSeconds, rfc850 } from '../walg-times.ts';

const COLUMNS = ['backup_name', 'modified', 'wal_file_name', 'storage_name'] as const;
const DETAIL_COLUMNS = [
  'start_time',
  'finish_time',
  'hostname',
  'data_dir',
  'pg_version',
  'start_lsn',
  'finish_lsn',
  'is_permanent',
] as const;
const BOXED = ['#', 'BACKUP NAME', 'MODIFIED', 'WAL FILE NAME', 'STORAGE NAME'].map((title) => ({ title }));
const BOXED_DETAIL = [
  'START TIME',
  'FINISH TIME',
  'HOSTNAME',
  'DATADIR',
  'PG VERSION',
  'START LSN',
  'FINISH LSN',
  'PERMANENT',
].map((title) => ({ title }));

function cells(one: ListedBackup, time: (at: Date) => string): string[] {
  return [one.name, time(one.modifiedAt), one.walFileName, 'default'];
}

function detailCells({ shown }: BackupDetails, time: (at: Date) => string): string[] {
  const { startLsn, finishLsn } = shown;
  return [
    time(shown.startTime),
    time(shown.finishTime),
    shown.hostname,
    shown.dataDirectory,
    String(shown.pgVersionNum),
    startLsn,
    finishLsn,
    String(shown.isPermanent),
  ];
}

interface Shape {
  readonly isJson: boolean;
  readonly isPretty: boolean;
}

function listText(backups: readonly ListedBackup[], { isJson, isPretty }: Shape): string {
  if (isJson)
    return jsonText(
      backups.map(({ json }) => json),
      isPretty,
    );
  if (!isPretty)
    return plainTable(
      COLUMNS,
      backups.map((one) => cells(one, goSeconds)),
    );
  return boxedTable(
    BOXED,
    backups.map((one, at) => [String(at), ...cells(one, rfc850)]),
  );
}

function detailText(backups: readonly BackupDetails[], { isJson, isPretty }: Shape): string {
  if (isJson)
    return jsonText(
      backups.map(({ json }) => json),
      isPretty,
    );
  if (!isPretty) {
    const rows = backups.map((one) => [...cells(one, goSeconds), ...detailCells(one, goSeconds)]);
    return plainTable([...COLUMNS, ...DETAIL_COLUMNS], rows);
  }
  const rows = backups.map((one, at) => [String(at), ...cells(one, rfc850), ...detailCells(one, rfc850)]);
  return boxedTable([...BOXED, ...BOXED_DETAIL], rows);
}

function jsonText(value: JsonValue, isPretty: boolean): string {
  return `${isPretty ? indentedJson(value) : formatJson64(value)}\n`;
}

/** The command. */
export const backupList: WalgCommand = {
  words: 'backup-list',
  summary: 'Prints full list of backups from which recovery is available',
  usage: '',
  flags: {
    detail: { summary: 'Prints extra DB-specific backup details' },
    json: { summary: 'Prints output in JSON format, multiline and indented if combined with --pretty flag' },
    pretty: { summary: 'Prints more readable output in table format' },
    'target-storage': TARGET_STORAGE,
  },
  operands: [0, 0],
  listener: 'operator',
  run: async ({ flags, values }, { settings, signal, log, streams }) => {
    await using archive = await openArchive(settings, readStorage(values, settings.environment));
    log.info(`List backups from storages: [${readStorage(values, settings.environment).storage ?? 'default'}]`);
    const shape = { isJson: flags.has('json'), isPretty: flags.has('pretty') };
    const { broken } = await readBackupListing(archive.store, signal);
    for (const { failure } of broken) log.warning(failure.message);
    const backups = await listedBackups(archive.store, signal);
    if (backups.length === 0) {
      log.info('No backups found');
      await streams.out.write(shape.isJson ? '[]\n' : '');
      return 0;
    }
    const text = flags.has('detail')
      ? detailText(await detailsOfAll(archive.store, backups, signal), shape)
      : listText(backups, shape);
    await streams.out.write(text);
    return 0;
  },
};
