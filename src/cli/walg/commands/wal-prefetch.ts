/**
 * `wal-g wal-prefetch`: fetches the segments behind one. `wal-fetch` starts it; nobody else needs to.
 *
 * @module
 */

import { readASegmentHeader } from '../../../archive/archive-identity.ts';
import { readExpectedWal } from '../../../archive/expected-wal.ts';
import { prefetchAhead } from '../../../archive/prefetch-folder.ts';
import { openArchive } from '../../../app/open-archive.ts';
import { dataDirectoryOfWal } from '../../../app/server-data-directory.ts';
import { prefetchFolder } from '../prefetch-folder-of.ts';
import { refuseOtherStorage } from '../target-storage.ts';
import { TARGET_STORAGE, type WalgCommand } from '../walg-command.ts';

/** The command. */
export const walPrefetch: WalgCommand = {
  words: 'wal-prefetch',
  summary: 'Used for prefetching by wal-fetch, and should not be called by users',
  usage: 'wal_name prefetch_location',
  flags: { 'target-storage': TARGET_STORAGE },
  operands: [2, 2],
  listener: 'operator',
  isHidden: true,
  run: async ({ operands: [after = '', destination = ''], values }, { settings, signal, log }) => {
    refuseOtherStorage(values);
    await using archive = await openArchive(settings);
    const { store } = archive;
    const dataDirectory = await dataDirectoryOfWal(destination, settings);
    const { systemIdentifier, ...expected } = await readExpectedWal(dataDirectory, store, { signal });
    const walSegmentSizeBytes =
      expected.walSegmentSizeBytes ?? (await readASegmentHeader(store, { signal }))?.walSegmentSizeBytes;
    const fetched = await prefetchAhead({
      store,
      folder: prefetchFolder(settings, destination),
      after,
      count: settings.get('downloadConcurrency'),
      expected: { systemIdentifier, walSegmentSizeBytes },
      preferred: archive.preferred,
      signal,
    });
    log.info(`WAL-prefetch: ${fetched} segments behind ${after}`);
    return 0;
  },
};
