/**
 * A base backup's small metadata, `metadata.json`: the only object of a backup that is rewritten, for its permanent flag.
 *
 * Keys WAL-G does not know are kept when it is rewritten here (WAL-G itself drops them).
 *
 * Source: WAL-G `internal/databases/postgres/backup_detail.go` (`ExtendedMetadataDto`).
 *
 * @module
 */

import { lsn, type Lsn } from '../postgres/lsn.ts';
import { formatGoTime } from './go-time.ts';
import { JsonFields } from './json-fields.ts';
import { formatJson64, parseJson64, type JsonObject, type JsonValue } from './json64.ts';
import { present } from './present.ts';
import { WALG_DATE_FORMAT, timeField } from './sentinel.ts';

/** What `metadata.json` says. */
export interface BackupMetadata {
  readonly startTimeNs: bigint;
  readonly finishTimeNs: bigint;
  readonly hostname: string;
  readonly dataDirectory: string;
  /** The server's `server_version_num`. */
  readonly pgVersionNum: number;
  readonly startLsn: Lsn;
  readonly finishLsn: Lsn;
  /** True if the backup, and what it needs, is never to be deleted. This flag counts, not the sentinel's. */
  readonly isPermanent: boolean;
  readonly systemIdentifier?: bigint;
  readonly uncompressedSizeBytes: bigint;
  readonly compressedSizeBytes: bigint;
  readonly userData?: JsonValue;
  /** Properties that are not WAL-G's. */
  readonly otherProperties?: JsonObject;
}

const KNOWN_KEYS: ReadonlySet<string> = new Set([
  'start_time',
  'finish_time',
  'date_fmt',
  'hostname',
  'data_dir',
  'pg_version',
  'start_lsn',
  'finish_lsn',
  'is_permanent',
  'system_identifier',
  'uncompressed_size',
  'compressed_size',
  'user_data',
]);

/** Reads `metadata.json`. @throws {Failure} `corrupt`, naming object and key. */
export function parseBackupMetadata(bytes: Buffer, object: string): BackupMetadata {
  const fields = new JsonFields(parseJson64(bytes, object), object);
  const others = fields.entries().filter(([key]) => !KNOWN_KEYS.has(key.toLowerCase()));
  return {
    startTimeNs: required(fields, 'start_time', timeField(fields, 'start_time')),
    finishTimeNs: required(fields, 'finish_time', timeField(fields, 'finish_time')),
    hostname: fields.text('hostname') ?? '',
    dataDirectory: fields.text('data_dir') ?? '',
    pgVersionNum: fields.count('pg_version') ?? 0,
    startLsn: lsn(required(fields, 'start_lsn', fields.u64('start_lsn'))),
    finishLsn: lsn(required(fields, 'finish_lsn', fields.u64('finish_lsn'))),
    isPermanent: fields.flag('is_permanent') ?? false,
    uncompressedSizeBytes: fields.u64('uncompressed_size') ?? 0n,
    compressedSizeBytes: fields.u64('compressed_size') ?? 0n,
    ...present({
      systemIdentifier: fields.u64('system_identifier'),
      userData: fields.value('user_data'),
      otherProperties: others.length === 0 ? undefined : Object.fromEntries(others),
    }),
  };
}

function required<T>(fields: JsonFields, key: string, value: T | undefined): T {
  if (value === undefined) throw fields.failure('absent', key);
  return value;
}

/** What WAL-G knows of a backup, as JSON in its order of keys. */
export function backupMetadataJson(metadata: BackupMetadata): JsonObject {
  return {
    start_time: formatGoTime(metadata.startTimeNs),
    finish_time: formatGoTime(metadata.finishTimeNs),
    date_fmt: WALG_DATE_FORMAT,
    hostname: metadata.hostname,
    data_dir: metadata.dataDirectory,
    pg_version: metadata.pgVersionNum,
    start_lsn: metadata.startLsn,
    finish_lsn: metadata.finishLsn,
    is_permanent: metadata.isPermanent,
    system_identifier: metadata.systemIdentifier ?? null,
    uncompressed_size: metadata.uncompressedSizeBytes,
    compressed_size: metadata.compressedSizeBytes,
    user_data: metadata.userData,
  };
}

/** Writes `metadata.json`, in WAL-G's order of keys. */
export function formatBackupMetadata(metadata: BackupMetadata): string {
  return formatJson64({ ...backupMetadataJson(metadata), ...metadata.otherProperties });
}
