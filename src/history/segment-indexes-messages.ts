/**
 * What the main thread and an indexing worker say to each other.
 *
 * @module
 */

import type { FailureMessage } from '../base/failure-message.ts';
import type { Lsn } from '../postgres/lsn.ts';
import type { CatalogFile } from '../postgres/wal-records/catalog-files.ts';
import type { WalStop } from '../postgres/wal-records/wal-stop.ts';

/** What a worker is started with. */
export interface IndexWorkerData {
  /** It stands back for everything else on the machine. */
  readonly isInBackground: boolean;
}

/** To the worker: one segment, whose memory is handed over. The next comes when it has answered. */
export interface IndexOrder {
  readonly fileName: string;
  readonly startLsn: Lsn;
  readonly bytes: Uint8Array;
  readonly storedAs: string;
  readonly validBelow: Lsn | undefined;
  readonly objectBytes: number | undefined;
  readonly catalogFiles: readonly CatalogFile[] | undefined;
}

/** From the worker. */
export type IndexAnswer =
  | { readonly kind: 'made'; readonly object: Uint8Array; readonly stopKind: WalStop['kind'] | undefined }
  | { readonly kind: 'failed'; readonly failure: FailureMessage };
