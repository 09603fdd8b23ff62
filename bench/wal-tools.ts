/**
 * The programs that pushing and replaying WAL are measured beside: each an archive_command and a restore_command. One
 * that is not there is left out and named.
 *
 * @module
 */

import { join } from 'node:path';

import { NODE_FLAGS } from './bundle.ts';
import { findProgram } from './find-program.ts';
import type { WalServer } from './wal-data-set.ts';

/** A process that must be running beside the server. */
export interface ResidentProcess {
  readonly file: string;
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** It is there when this file or socket is. */
  readonly readyPath: string;
}

/** One program. Its restore_command reads what its own archive_command wrote. */
export interface WalTool {
  readonly name: string;
  /** What it checks or leaves out, for the table. */
  readonly remark: string;
  /** Makes its archive empty: a line of shell. */
  readonly prepare: string;
  /** Without it, it only fetches, from the archive of the tool before it. */
  readonly archiveCommand?: string;
  readonly restoreCommand?: (dataDirectory: string) => string;
  readonly resident?: (dataDirectory: string) => ResidentProcess;
  /** What its resident process says of each segment is not shown. */
  readonly isLoud?: true;
  /** What to remove before it serves another data directory. */
  readonly spool?: string;
}

/** Programs that were looked for and not found, with how to have them. */
export interface FoundWalTools {
  readonly tools: readonly WalTool[];
  readonly missing: readonly string[];
}

const SCRIPTS = join(import.meta.dirname, '..', 'src', 'archive', 'sh');

function ours({ scratch }: WalServer, bundle: string, compression: string): WalTool {
  const spool = join(scratch, `spool-${compression}`);
  const archive = join(scratch, `walkback-${compression}`);
  const agent = (dataDirectory: string): ResidentProcess => ({
    file: process.execPath,
    args: [...NODE_FLAGS, bundle, dataDirectory, spool, archive, compression, '0'],
    // What `bin/walkback` sets for an agent.
    environment: { MALLOC_MMAP_THRESHOLD_: '131072' },
    readyPath: join(spool, 'current', 'heartbeat'),
  });
  return {
    name: `walkback ${compression}`,
    remark: 'agent; checks each segment; synced',
    prepare: `rm -rf ${archive} ${spool}; mkdir ${archive}`,
    archiveCommand: `${join(SCRIPTS, 'walkback-archive')} ${spool} %p`,
    restoreCommand: () => `${join(SCRIPTS, 'walkback-restore')} ${spool} %f %p`,
    resident: agent,
    spool,
  };
}

/** The same archive, further away. */
function farAway(near: WalTool, latencyMs: number): WalTool {
  const { archiveCommand: _, resident, ...fetching } = near;
  if (resident === undefined) throw new Error('bench: only an agent can be further away');
  return {
    ...fetching,
    name: `${near.name}, ${latencyMs} ms away`,
    remark: `every request to the store takes ${latencyMs} ms longer`,
    prepare: ':',
    resident: (dataDirectory) => {
      const agent = resident(dataDirectory);
      return { ...agent, args: [...agent.args.slice(0, -1), String(latencyMs)] };
    },
  };
}

function pgBackRest({ server, scratch }: WalServer, program: string, compression: string): WalTool {
  const repository = join(scratch, `pgbackrest-${compression}`);
  const spool = `${repository}-spool`;
  const options = (dataDirectory: string) =>
    [
      '--stanza=bench',
      `--repo1-path=${repository}`,
      `--lock-path=${scratch}/pgbackrest-lock`,
      `--log-path=${scratch}`,
      `--spool-path=${spool}`,
      '--log-level-console=error',
      '--log-level-file=off',
      '--config=/dev/null',
      `--pg1-path=${dataDirectory}`,
    ].join(' ');
  const compress = compression === 'lz4' ? '--compress-type=lz4' : '--compress-type=zst --compress-level=1';
  const live = options(server.dataDirectory);
  return {
    name: `pgBackRest async ${compression}`,
    remark: '2 processes; SHA-1; synced',
    prepare: `rm -rf ${repository} ${spool}; mkdir ${repository} ${spool}; ${program} ${live.replace(`--spool-path=${spool}`, '')} --no-online stanza-create`,
    archiveCommand: `${program} ${live} --archive-async --process-max=2 ${compress} archive-push %p`,
    restoreCommand: (dataDirectory) =>
      `${program} ${options(dataDirectory)} --archive-async --process-max=2 --archive-get-queue-max=256MiB archive-get %f %p`,
    spool,
  };
}

function walg({ scratch }: WalServer, program: string): WalTool {
  const archive = join(scratch, 'walg');
  const settings = `WALG_FILE_PREFIX=${archive} WALG_COMPRESSION_METHOD=lz4`;
  return {
    name: 'wal-g lz4',
    remark: 'uploads and fetches ahead; no checks; not synced',
    prepare: `rm -rf ${archive}; mkdir ${archive}`,
    archiveCommand: `env PGDATA=$PWD ${settings} ${program} wal-push %p`,
    restoreCommand: () => `env PGDATA=$PWD ${settings} ${program} wal-fetch %f %p`,
  };
}

/** The same program staying, asked by its small client (`cmd/daemonclient`) for each segment. */
function walgDaemon({ scratch }: WalServer, program: string, client: string): WalTool {
  const archive = join(scratch, 'walg-daemon');
  const spool = join(scratch, 'walg-daemon-spool');
  const socket = join(spool, 'socket');
  return {
    name: 'wal-g daemon lz4',
    remark: 'stays; uploads and fetches ahead; no checks; not synced',
    prepare: `rm -rf ${archive}; mkdir ${archive}`,
    archiveCommand: `${client} ${socket} wal-push %f`,
    restoreCommand: () => `${client} ${socket} wal-fetch %f %p`,
    resident: (dataDirectory) => ({
      file: program,
      args: ['daemon', socket],
      environment: { WALG_FILE_PREFIX: archive, WALG_COMPRESSION_METHOD: 'lz4', PGDATA: dataDirectory },
      readyPath: socket,
    }),
    isLoud: true,
    spool,
  };
}

function cp({ scratch }: WalServer): WalTool {
  const archive = join(scratch, 'copies');
  return {
    name: 'cp',
    remark: 'no checks, not compressed, not synced',
    prepare: `rm -rf ${archive}; mkdir ${archive}`,
    archiveCommand: `test ! -e ${archive}/%f && cp %p ${archive}/%f`,
    restoreCommand: () => `cp ${archive}/%f %p`,
  };
}

/** Looks for the programs. `bundle` is ours; `PGBACKREST`, `WALG_BINARY` and `WALG_DAEMON_CLIENT` name ones that are not on the PATH. */
export function findWalTools(wal: WalServer, bundle: string): FoundWalTools {
  const zstd = ours(wal, bundle, 'zstd');
  const tools = [zstd, farAway(zstd, 100), ours(wal, bundle, 'lz4'), cp(wal)];
  const missing: string[] = [];
  const backrest = findProgram('pgbackrest', 'PGBACKREST');
  if (backrest === undefined) missing.push('pgBackRest (apt-get install pgbackrest, or PGBACKREST=/path)');
  else tools.push(pgBackRest(wal, backrest, 'zstd'), pgBackRest(wal, backrest, 'lz4'));
  const walgBinary = findProgram('wal-g', 'WALG_BINARY');
  if (walgBinary === undefined) missing.push('wal-g (WALG_BINARY=/path)');
  else tools.push(walg(wal, walgBinary));
  const client = findProgram('walg-daemon-client', 'WALG_DAEMON_CLIENT');
  if (client === undefined) missing.push('the client of wal-g daemon (WALG_DAEMON_CLIENT=/path)');
  else if (walgBinary !== undefined) tools.push(walgDaemon(wal, walgBinary, client));
  return { tools, missing };
}
