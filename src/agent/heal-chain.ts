/**
 * Closes holes of an archive from `pg_wal`, while the server still has what is missing.
 *
 * A file is pushed as any other is: what is not the segment that its name says is refused. So a segment that the server
 * has recycled, whose content is an older one's, is not taken for the missing one.
 *
 * @module
 */

import { join } from 'node:path';

import { pushWalFile } from '../archive/push.ts';
import { findWalObjects } from '../archive/read-wal-file.ts';
import { exists } from '../archive/server.ts';
import type { Compression } from '../base/compression-names.ts';
import { Failure, isFailure } from '../base/failure.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import type { ReportDutyEvent } from './duty-event.ts';
import type { WalChain } from './missing-wal.ts';
import type { PrimaryServer } from './server-line.ts';

/** What healing needs. */
export interface HealOptions {
  /** As who writes sees it: without failover storages that are away. */
  readonly store: ObjectStore;
  /** All of the archive, of which nothing is taken for absent that could not be asked for. */
  readonly whole: ObjectStore;
  readonly dataDirectory: string;
  readonly compression: Compression;
  readonly server: PrimaryServer;
  readonly report: ReportDutyEvent;
  readonly signal: AbortSignal;
}

/**
 * Heals what can be. Answers with the names of what is lost, in order.
 *
 * @throws what the store throws; for what may be in a storage that cannot be asked, when all else is healed.
 */
export async function healChain(chain: WalChain, options: HealOptions): Promise<string[]> {
  const lost: string[] = [];
  let untold: Failure | undefined;
  for (const fileName of chain.missing) {
    options.signal.throwIfAborted();
    if ((await push(fileName, options)) || untold !== undefined) continue;
    const isThere = await isArchived(fileName, options);
    if (isThere instanceof Failure) untold = isThere;
    else if (!isThere) lost.push(fileName);
  }
  if (untold !== undefined) throw untold;
  return lost;
}

/** True if the archive has the file now, from `pg_wal`. */
async function push(
  fileName: string,
  { store, dataDirectory, compression, server, report, signal }: HealOptions,
): Promise<boolean> {
  const path = join(dataDirectory, 'pg_wal', fileName);
  if (!(await exists(path))) return false;
  const { systemIdentifier, walSegmentSizeBytes } = server;
  const pushed = await pushWalFile({ store, path, compression, systemIdentifier, walSegmentSizeBytes, signal }).catch(
    (error: unknown) => {
      // It was recycled, or goes while it is read.
      if (isFailure(error, 'corrupt') || isFailure(error, 'failed')) return undefined;
      throw error;
    },
  );
  if (pushed?.outcome === 'written') report({ kind: 'healed', fileName, key: pushed.key });
  return pushed !== undefined;
}

/** The failure, if nobody can tell. */
async function isArchived(fileName: string, { whole, signal }: HealOptions): Promise<boolean | Failure> {
  try {
    return (await findWalObjects(whole, fileName, signal)).length > 0;
  } catch (error) {
    if (isFailure(error, 'unavailable') || isFailure(error, 'denied')) return error;
    throw error;
  }
}
