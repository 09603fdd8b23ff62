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
import { isFailure } from '../base/failure.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import type { ReportDutyEvent } from './duty-event.ts';
import type { WalChain } from './missing-wal.ts';
import type { PrimaryServer } from './server-line.ts';

/** What healing needs. */
export interface HealOptions {
  readonly store: ObjectStore;
  readonly dataDirectory: string;
  readonly compression: Compression;
  readonly server: PrimaryServer;
  readonly report: ReportDutyEvent;
  readonly signal: AbortSignal;
}

/** Heals what can be. Answers with the names of what is lost, in order. @throws what the store throws. */
export async function healChain(chain: WalChain, options: HealOptions): Promise<string[]> {
  const lost: string[] = [];
  for (const fileName of chain.missing) {
    options.signal.throwIfAborted();
    if (!(await heal(fileName, options))) lost.push(fileName);
  }
  return lost;
}

/** True if the archive has the file now. */
async function heal(
  fileName: string,
  { store, dataDirectory, compression, server, report, signal }: HealOptions,
): Promise<boolean> {
  const path = join(dataDirectory, 'pg_wal', fileName);
  if (await exists(path)) {
    const { systemIdentifier, walSegmentSizeBytes } = server;
    const pushed = await pushWalFile({ store, path, compression, systemIdentifier, walSegmentSizeBytes, signal }).catch(
      (error: unknown) => {
        // It was recycled, or goes while it is read.
        if (isFailure(error, 'corrupt') || isFailure(error, 'failed')) return undefined;
        throw error;
      },
    );
    if (pushed?.outcome === 'written') report({ kind: 'healed', fileName, key: pushed.key });
    if (pushed !== undefined) return true;
  }
  return (await findWalObjects(store, fileName, signal)).length > 0;
}
