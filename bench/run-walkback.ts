/**
 * One backup or restore by our own code, as a process of its own: what the benchmarks measure.
 *
 * `run-walkback.ts backup|delta SOCKET_DIRECTORY DATA_DIRECTORY ARCHIVE COMPRESSION` or
 * `run-walkback.ts restore ARCHIVE DESTINATION`.
 *
 * @module
 */

import { backupSourceOf } from '../src/backup/backup-source.ts';
import { findBackup } from '../src/backup/list.ts';
import { takeBackup } from '../src/backup/take.ts';
import { noProgress } from '../src/base/progress.ts';
import { restoreBackup } from '../src/restore/restore-backup.ts';
import { openStore } from '../src/storage/open.ts';

const CONCURRENCY = 2;
const [action, ...rest] = process.argv.slice(2);

if (action === 'backup' || action === 'delta') {
  const [socketDirectory = '', dataDirectory = '', archive = '', compression = ''] = rest;
  await takeBackup({
    store: await openStore({ kind: 'file', path: archive }),
    instance: backupSourceOf({ host: socketDirectory, port: 5432, user: 'postgres', database: 'postgres' }),
    dataDirectory,
    compression: compression === 'lz4' ? 'lz4' : 'zstd',
    concurrency: CONCURRENCY,
    onProgress: noProgress,
    ...(action === 'delta' ? { delta: { maxSteps: 1, origin: 'LATEST' } } : {}),
  });
} else {
  const [archive = '', destination = ''] = rest;
  const store = await openStore({ kind: 'file', path: archive });
  await restoreBackup({
    store,
    backup: await findBackup(store, 'LATEST'),
    destination,
    tablespaceLocations: new Map(),
    concurrency: CONCURRENCY,
    onProgress: noProgress,
  });
}
