/**
 * `wal-g wal-fetch`: one WAL file from the archive, and the next ones ahead.
 *
 * The exit codes are those of `walkback wal fetch`, by the state of the server that asks: 74 only for what is proven absent,
 * above 125 for whatever must stop a server in archive recovery (WAL-G answers 1, which ends its recovery there).
 *
 * Where there is no data directory, on a bastion or for another program, nothing is fetched ahead: nobody would take it.
 *
 * @module
 */

import { spawn } from 'node:child_process';

import { fetchExitCode, type FetchOutcome } from '../../../archive/fetch-exit-code.ts';
import { fetchWalFile } from '../../../archive/fetch.ts';
import { takePrefetched } from '../../../archive/prefetch-folder.ts';
import { readControlFile, readServerState } from '../../../archive/server.ts';
import { openArchive, type OpenArchiveOptions } from '../../../app/open-archive.ts';
import { dataDirectoryOfWal } from '../../../app/server-data-directory.ts';
import type { Settings } from '../../../config/load-settings.ts';
import { isSegmentName } from '../../../postgres/wal-segment.ts';
import { prefetchFolder } from '../prefetch-folder-of.ts';
import { readStorage } from '../target-storage.ts';
import { TARGET_STORAGE, type WalgCommand, type WalgSession } from '../walg-command.ts';

/** Starts the process that fetches ahead, and does not wait for it. */
function startPrefetching(fileName: string, destination: string, settings: Settings): void {
  const [program] = process.argv.slice(1);
  if (program === undefined || !isSegmentName(fileName) || settings.get('downloadConcurrency') === 1) return;
  const args = [...process.execArgv, program, 'wal-g', 'wal-prefetch', fileName, destination];
  const child = spawn(process.execPath, args, { detached: true, stdio: 'ignore', env: settings.environment });
  child.on('error', () => {});
  child.unref();
}

async function fetchOrTake(
  fileName: string,
  destination: string,
  dataDirectory: string | undefined,
  { settings, signal }: WalgSession,
  storage: OpenArchiveOptions,
): Promise<FetchOutcome> {
  const folder = prefetchFolder(settings, destination);
  // What was fetched ahead may be of another storage than the one that is named.
  const isAny = storage.storage === undefined;
  const taken =
    isAny &&
    dataDirectory !== undefined &&
    (await readControlFile(dataDirectory).then(
      async ({ systemIdentifier, walSegmentSizeBytes }) =>
        takePrefetched({
          folder,
          fileName,
          destination,
          expected: { systemIdentifier, walSegmentSizeBytes },
          signal,
        }),
      // What is wrong is said by the fetch, which reads the same file.
      () => false,
    ));
  if (taken) return { kind: 'fetched' };
  await using archive = await openArchive(settings, storage);
  const { store, preferred } = archive;
  // Awaited here: the archive is closed on the way out.
  return await fetchWalFile({ store, fileName, destination, dataDirectory, preferred, signal });
}

/** The command. */
export const walFetch: WalgCommand = {
  words: 'wal-fetch',
  summary: 'Fetches a WAL file from storage',
  usage: 'wal_name destination_filename',
  flags: { 'target-storage': TARGET_STORAGE },
  operands: [2, 2],
  listener: 'restore_command',
  run: async ({ operands: [fileName = '', destination = ''], values }, session) => {
    const { settings, log } = session;
    const storage = readStorage(values, settings.environment);
    const dataDirectory = await dataDirectoryOfWal(destination, settings);
    const outcome = await fetchOrTake(fileName, destination, dataDirectory, session, storage);
    if ('message' in outcome) log.error(outcome.message);
    if (outcome.kind === 'absent') log.error(`Archive '${fileName}' does not exist.`);
    const isOfServer = dataDirectory !== undefined && storage.storage === undefined;
    if (outcome.kind === 'fetched' && isOfServer) startPrefetching(fileName, destination, settings);
    return fetchExitCode(await readServerState(dataDirectory, fileName), outcome);
  },
};
