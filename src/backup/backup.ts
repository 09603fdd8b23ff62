/**
 * A base backup in an archive, as its sentinel and metadata describe it.
 *
 * @module
 */

import type { Lsn } from '../postgres/lsn.ts';
import type { Tablespace } from '../walg/tablespace-spec.ts';

/** One base backup. It exists because its sentinel exists. */
export interface Backup {
  /** `base_<SEG>`, or `base_<SEG>_D_<SEG>` for a delta. */
  readonly name: string;
  /** The timeline it was taken on. */
  readonly timeline: number;
  /** Replay begins here. */
  readonly startLsn: Lsn;
  /** The files are consistent once replay has passed this. */
  readonly finishLsn: Lsn;
  readonly startedAt: Date;
  readonly finishedAt: Date;
  /** When the store says the sentinel was written; `LATEST` goes by this, as WAL-G does. */
  readonly modifiedAt: Date;
  /** `server_version_num`. */
  readonly pgVersionNum: number;
  /** Absent in backups of old WAL-G versions. */
  readonly systemIdentifier?: bigint;
  readonly uncompressedSizeBytes: bigint;
  readonly compressedSizeBytes: bigint;
  readonly isPermanent: boolean;
  /** The parent; only for a delta. */
  readonly deltaFrom?: string;
  /** Where the parent began when this one was made; only for a delta. */
  readonly deltaFromLsn?: Lsn;
  /** WAL-G's count of the chain; not always its length. Only for a delta. */
  readonly deltaCount?: number;
  /** Sum of all files at the walk, also of those that were not stored. */
  readonly dataCatalogSizeBytes?: bigint;
  /** Other than `pg_default` and `pg_global`, with their places on the server. */
  readonly tablespaces: readonly Tablespace[];
  readonly hostname: string;
  readonly dataDirectory: string;
}
