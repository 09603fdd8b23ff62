/**
 * A base backup's sentinel: the object whose existence is the backup's existence, and what it says.
 *
 * Read: version 2 and older, WAL-E's lower-case `spec`, deltas with `DeltaFromLSN`, keys of any case. Unknown keys are
 * ignored. Written: version 2 with WAL-G's keys in WAL-G's order. Its copy of the permanent flag goes stale: the one in
 * {@link BackupMetadata} counts.
 *
 * Source: WAL-G `internal/databases/postgres/backup_sentinel_dto.go`.
 *
 * @module
 */

import { lsn, type Lsn } from '../postgres/lsn.ts';
import { parseBackupName } from './backup-names.ts';
import { formatGoTime, parseGoTime } from './go-time.ts';
import { JsonFields } from './json-fields.ts';
import { formatJson64, parseJson64, type JsonValue } from './json64.ts';
import { present } from './present.ts';
import { formatTablespaceSpec, parseTablespaceSpec, type TablespaceSpec } from './tablespace-spec.ts';

/** What a delta backup builds on. */
export interface DeltaOrigin {
  /** The parent's name. */
  readonly backupName: string;
  /** The parent's start. */
  readonly startLsn: Lsn;
  /** Name of the full backup at the chain's root. */
  readonly fullBackupName: string;
  /** WAL-G's count of the chain; not always its length. */
  readonly count: number;
}

/** A sentinel. What only version 2 has is absent in older ones. */
export interface Sentinel {
  /** 1 if it tells none. From 2 on, a backup without `files_metadata.json` is incomplete unless it says so. */
  readonly version: number;
  /** Absent in WAL-E's. */
  readonly startLsn?: Lsn;
  readonly finishLsn?: Lsn;
  readonly delta?: DeltaOrigin;
  /** The server's `server_version_num`. */
  readonly pgVersionNum: number;
  readonly systemIdentifier?: bigint;
  readonly uncompressedSizeBytes: bigint;
  readonly compressedSizeBytes: bigint;
  /** Size of all that was walked; larger than what was stored. */
  readonly dataCatalogSizeBytes?: bigint;
  readonly tablespaceSpec?: TablespaceSpec;
  readonly userData?: JsonValue;
  /** True if the backup has no `files_metadata.json` on purpose. */
  readonly isFilesMetadataDisabled: boolean;
  readonly startTimeNs?: bigint;
  readonly finishTimeNs?: bigint;
  readonly hostname?: string;
  readonly dataDirectory?: string;
  readonly isPermanent?: boolean;
  /** In sentinels from before there was `files_metadata.json`: that content, to be read with `parseFilesMetadataValue`. */
  readonly embeddedFilesMetadata?: JsonValue;
}

/** WAL-G's constant description of its times. */
export const WALG_DATE_FORMAT = '%Y-%m-%dT%H:%M:%S.%fZ';

/** Reads a sentinel. @throws {Failure} `corrupt`, naming object and key. */
export function parseSentinel(bytes: Buffer, object: string): Sentinel {
  const value = parseJson64(bytes, object);
  const fields = new JsonFields(value, object);
  const spec = fields.fields('Spec');
  return {
    version: fields.count('Version') ?? 1,
    pgVersionNum: fields.count('PgVersion') ?? 0,
    uncompressedSizeBytes: fields.u64('UncompressedSize') ?? 0n,
    compressedSizeBytes: fields.u64('CompressedSize') ?? 0n,
    isFilesMetadataDisabled: fields.flag('FilesMetadataDisabled') ?? false,
    ...present({
      startLsn: lsnField(fields, 'LSN'),
      finishLsn: lsnField(fields, 'FinishLSN'),
      delta: parseDelta(fields),
      systemIdentifier: fields.u64('SystemIdentifier'),
      dataCatalogSizeBytes: fields.u64('DataCatalogSize'),
      tablespaceSpec: spec === undefined ? undefined : parseTablespaceSpec(spec),
      userData: fields.value('UserData'),
      startTimeNs: timeField(fields, 'StartTime'),
      finishTimeNs: timeField(fields, 'FinishTime'),
      hostname: fields.text('Hostname'),
      dataDirectory: fields.text('DataDir'),
      isPermanent: fields.flag('IsPermanent'),
      embeddedFilesMetadata: fields.value('Files') === undefined ? undefined : value,
    }),
  };
}

function lsnField(fields: JsonFields, key: string): Lsn | undefined {
  const value = fields.u64(key);
  return value === undefined ? undefined : lsn(value);
}

function parseDelta(fields: JsonFields): DeltaOrigin | undefined {
  const backupName = fields.text('DeltaFrom');
  if (backupName === undefined) return undefined;
  const startLsn = lsnField(fields, 'DeltaLSN') ?? lsnField(fields, 'DeltaFromLSN');
  const fullBackupName = fields.text('DeltaFullName');
  const count = fields.count('DeltaCount');
  // These become keys of objects, so that anything but a backup's name is refused here.
  if (parseBackupName(backupName) === undefined) throw fields.failure('not the name of a backup', 'DeltaFrom');
  if (startLsn === undefined) throw fields.failure('absent, but DeltaFrom is there', 'DeltaLSN');
  if (count === undefined) throw fields.failure('absent, but DeltaFrom is there', 'DeltaCount');
  if (fullBackupName === undefined || parseBackupName(fullBackupName) === undefined) {
    throw fields.failure('not the name of a backup', 'DeltaFullName');
  }
  return { backupName, startLsn, fullBackupName, count };
}

/** A time; `undefined` if absent. @throws {Failure} `corrupt` if it is no time. */
export function timeField(fields: JsonFields, key: string): bigint | undefined {
  const text = fields.text(key);
  if (text === undefined) return undefined;
  const timeNs = parseGoTime(text);
  if (timeNs === undefined) throw fields.failure('not a time', key);
  return timeNs;
}

/** What a sentinel that we write must tell. */
export type WrittenSentinel = Sentinel &
  Required<
    Pick<
      Sentinel,
      'startLsn' | 'finishLsn' | 'startTimeNs' | 'finishTimeNs' | 'hostname' | 'dataDirectory' | 'isPermanent'
    >
  >;

/** Writes a sentinel of version 2, in WAL-G's order of keys. */
export function formatSentinel(sentinel: WrittenSentinel): string {
  const { delta, tablespaceSpec } = sentinel;
  return formatJson64({
    LSN: sentinel.startLsn,
    DeltaLSN: delta?.startLsn,
    DeltaFrom: delta?.backupName,
    DeltaFullName: delta?.fullBackupName,
    DeltaCount: delta?.count,
    PgVersion: sentinel.pgVersionNum,
    FinishLSN: sentinel.finishLsn,
    SystemIdentifier: sentinel.systemIdentifier,
    UncompressedSize: sentinel.uncompressedSizeBytes,
    CompressedSize: sentinel.compressedSizeBytes,
    DataCatalogSize: sentinel.dataCatalogSizeBytes,
    Spec: tablespaceSpec === undefined ? undefined : formatTablespaceSpec(tablespaceSpec),
    UserData: sentinel.userData,
    FilesMetadataDisabled: sentinel.isFilesMetadataDisabled ? true : undefined,
    ChkpNum: null,
    Version: 2,
    StartTime: formatGoTime(sentinel.startTimeNs),
    FinishTime: formatGoTime(sentinel.finishTimeNs),
    DateFmt: WALG_DATE_FORMAT,
    Hostname: sentinel.hostname,
    DataDir: sentinel.dataDirectory,
    IsPermanent: sentinel.isPermanent,
  });
}
