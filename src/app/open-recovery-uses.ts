/**
 * From settings to what a recovery works with: the cluster on this host, its archive, its programs.
 *
 * @module
 */

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { OnProgress } from '../base/progress.ts';
import { findLiveData } from '../cluster/local/find-live-data.ts';
import { localCluster } from '../cluster/local/local-cluster.ts';
import type { Settings } from '../config/load-settings.ts';
import { findBinaries } from '../instance/find-binaries.ts';
import type { LiveServer } from '../instance/live-server.ts';
import { lastServerOptions, majorVersionOf } from '../instance/postmaster.ts';
import type { RecoveryUses } from '../recovery/uses.ts';
import { bundledRestoreScript } from './bundled-restore-script.ts';
import { networkLimiter } from './network-limiter.ts';
import { openArchive } from './open-archive.ts';
import { connectionSettings, liveServerCommands } from './open-instance.ts';
import { openPatroniCluster } from './open-patroni.ts';
import { readPatroni, withDataDirectory } from './patroni-settings.ts';
import { takeBackupOfServer } from './take-backup.ts';
import { restoreConcurrency } from './restore-concurrency.ts';

/** How a run reports and is stopped. */
export interface RecoveryRun {
  readonly onProgress: OnProgress;
  readonly signal: AbortSignal;
}

/** A recovery's uses, to be disposed of at the end of the run. */
export interface OpenRecoveryUses extends AsyncDisposable {
  readonly uses: RecoveryUses;
}

/** The folder with `postgres`: as set, else that which the server was last started from, else where packages put it. */
async function binariesFor(settings: Settings, dataDirectory: string): Promise<string> {
  const major = await majorVersionOf(dataDirectory);
  const set = settings.get('binDirectory');
  if (set !== undefined) return findBinaries(major, set);
  const started = await readFile(join(dataDirectory, 'postmaster.opts'), 'utf8').catch(() => '');
  const folder = /^(\/\S*)\/postgres(?=\s|$)/.exec(started)?.[1];
  const found = folder === undefined ? undefined : await findBinaries(major, folder).catch(() => undefined);
  return found ?? findBinaries(major);
}

/**
 * The server that the settings name, whether or not it runs.
 *
 * @param bin the folder with its programs; empty for who starts nothing and asks a stopped server nothing.
 */
export async function liveServer(
  given: Settings,
  bin?: string,
): Promise<{ readonly server: LiveServer; readonly bin: string }> {
  const settings = await withDataDirectory(given);
  const dataDirectory = settings.require('dataDirectory', 'tell which server this is for');
  const found = await findLiveData(dataDirectory);
  const folder = bin ?? (await binariesFor(settings, found));
  const logFile = settings.get('serverLog') ?? `${dataDirectory}.log`;
  const server: LiveServer = {
    dataDirectory,
    commands: liveServerCommands(settings),
    values: { dataDirectory, bin: folder, logFile, options: await lastServerOptions(found) },
    connection: await connectionSettings(settings, folder === '' ? undefined : folder, found),
    stopTimeoutMs: settings.get('serverStopTimeout'),
    startTimeoutMs: settings.get('serverStartTimeout'),
  };
  return { server, bin: folder };
}

/** Opens what a recovery needs. @throws {Failure} `usage`, `refused`, when settings do not name an archive and a server. */
export async function openRecoveryUses(given: Settings, run: RecoveryRun): Promise<OpenRecoveryUses> {
  const patroni = await readPatroni(given);
  const settings = patroni?.settings ?? given;
  const { server, bin } = await liveServer(settings);
  const archive = await openArchive(settings);
  const cluster =
    patroni === undefined
      ? localCluster({ name: archive.clusterName, server })
      : await openPatroniCluster(patroni, server);
  const restoreScript = bundledRestoreScript();
  const uses: RecoveryUses = {
    cluster,
    store: archive.store,
    bin,
    user: server.connection.user,
    ...(restoreScript === undefined ? {} : { restoreScript }),
    takeBackup: () => takeBackupOfServer(settings, archive, { ...run, allowCorruptPages: true }),
    nowUs: () => BigInt(Date.now()) * 1000n,
    onProgress: run.onProgress,
    signal: run.signal,
    concurrency: restoreConcurrency(settings),
    limiter: networkLimiter(settings),
    archiveTimeoutMs: settings.get('archiveTimeout'),
  };
  return { uses, [Symbol.asyncDispose]: () => archive[Symbol.asyncDispose]() };
}
