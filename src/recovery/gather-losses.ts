/**
 * Reads what the transactions beside a target did, and what all behind it did: from the indexes of segments where they are
 * there, with the names that the archive and the live server know.
 *
 * @module
 */

import type { OnProgress } from '../base/progress.ts';
import { isFailure } from '../base/failure.ts';
import type { Backup } from '../backup/backup.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { ArchivedWal } from '../history/archived-wal.ts';
import type { FoundMoment } from '../history/found-moment.ts';
import { lossesBehind, type Losses } from '../history/losses.ts';
import { openNames } from '../history/names/open-names.ts';
import { workersFor } from '../history/scan-indexes.ts';
import type { SegmentPlaces } from '../history/segment-source.ts';
import { readSegmentIndexes } from '../history/segment-indexes.ts';
import { followNamesBefore } from '../history/transactions/names-before.ts';
import { readTransactions, type TransactionScan } from '../history/transactions/read-transactions.ts';
import { databasesOf, readCatalog } from '../instance/read-catalog.ts';
import type { CatalogSnapshot } from '../postgres/catalog-snapshot.ts';
import type { Lsn } from '../postgres/lsn.ts';
import type { TimelineHistory } from '../postgres/timeline-history.ts';
import type { ObjectStore } from '../storage/object-store.ts';

/** Where transactions are read. */
export interface HistoryPlace {
  readonly store: ObjectStore;
  readonly wal: ArchivedWal;
  readonly line: TimelineHistory;
  /** What the live server says of its names; `undefined`: it could not be asked. */
  readonly liveNames: CatalogSnapshot | undefined;
  readonly onIgnoredIndex?: SegmentPlaces['onIgnoredIndex'];
  /** Told why names may be wrong or missing. */
  readonly onWarning?: ((message: string) => void) | undefined;
  readonly onProgress: OnProgress;
  readonly signal?: AbortSignal | undefined;
}

/** The catalogs of the live server. Names are for people: no plan fails for want of them. */
export async function readLiveNames(cluster: Pick<Cluster, 'connect'>): Promise<CatalogSnapshot | undefined> {
  try {
    await using connection = await cluster.connect();
    return await readCatalog(databasesOf(connection.settings));
  } catch (error) {
    if (isFailure(error)) return undefined;
    throw error;
  }
}

/** Transactions with names, from a position on. @param toLsn those that ended behind it are not read. */
export async function transactionsFrom(place: HistoryPlace, fromLsn: Lsn, toLsn?: Lsn): Promise<TransactionScan> {
  const { store, wal, line, liveNames, onIgnoredIndex, onWarning, onProgress, signal } = place;
  const names = await openNames({
    store,
    line,
    fromLsn,
    systemIdentifier: wal.systemIdentifier,
    extra: liveNames?.systemIdentifier === wal.systemIdentifier ? liveNames : undefined,
    ...(signal === undefined ? {} : { signal }),
    ...(onWarning === undefined ? {} : { onWarning }),
  });
  const places = { store, wal, line, onIgnoredIndex, signal };
  const span = { ...places, fromLsn, toLsn, catalogFiles: () => names.catalogFiles(), onProgress };
  const follower = await followNamesBefore({ ...places, names, fromLsn, onWarning });
  const indexes = readSegmentIndexes({ ...span, workerCount: workersFor(span) });
  return readTransactions({ indexes, names, follower, line, toLsn });
}

/** Reads the losses of a moment. */
export async function gatherLosses(place: HistoryPlace, found: FoundMoment<Backup>): Promise<Losses> {
  const fromLsn = found.completeFromLsn ?? found.backup.startLsn;
  return lossesBehind(found, await transactionsFrom(place, fromLsn));
}
