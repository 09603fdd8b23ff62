/**
 * The programs that backup and restore are measured beside, each as a line of shell. One that is not there is left out
 * and named.
 *
 * @module
 */

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

import { NODE_FLAGS } from './bundle.ts';
import type { BenchServer } from './data-set.ts';

/** One program. `restore` reads what its own `backup` wrote. */
export interface BackupTool {
  readonly name: string;
  /** What a backup checks or leaves out, for the table. */
  readonly remark: string;
  /** The same of a restore. */
  readonly restoreRemark: string;
  readonly prepare: string;
  readonly backup: string;
  /** The newest backup: the full one, or the delta on it. */
  readonly restore?: string;
  /** A delta on the full backup. */
  readonly delta?: string;
  /** How the delta finds what has changed, for the table. */
  readonly deltaRemark?: string;
  readonly environment?: Readonly<Record<string, string>>;
}

/** Programs that were looked for and not found, with how to have them. */
export interface FoundTools {
  readonly tools: readonly BackupTool[];
  readonly missing: readonly string[];
}

function onPath(program: string): string | undefined {
  const found = spawnSync('sh', ['-c', `command -v ${program}`], { encoding: 'utf8' });
  return found.status === 0 ? found.stdout.trim() : undefined;
}

function ours(bench: BenchServer, bundle: string, compression: string): BackupTool {
  const { server, archive, scratch } = bench;
  const script = [process.execPath, ...NODE_FLAGS, bundle].join(' ');
  return {
    name: `walkback ${compression}`,
    remark: 'page checksums; waits for its WAL; synced',
    restoreRemark: 'checksums of frames; every file and directory synced; list of files checked',
    prepare: `rm -rf ${archive}/basebackups_005 ${archive}/walkback_001`,
    backup: `${script} backup ${server.socketDirectory} ${server.dataDirectory} ${archive} ${compression}`,
    restore: `${script} restore ${archive} ${scratch}/restored`,
    delta: `${script} delta ${server.socketDirectory} ${server.dataDirectory} ${archive} ${compression}`,
    deltaRemark: 'by page; page checksums; waits for its WAL; synced',
  };
}

function pgBackRest(bench: BenchServer, program: string, compression: string): BackupTool {
  const { server, scratch } = bench;
  const options = [
    '--stanza=bench',
    `--repo1-path=${scratch}/pgbackrest`,
    `--lock-path=${scratch}/pgbackrest-lock`,
    `--log-path=${scratch}`,
    '--log-level-console=error',
    '--log-level-file=off',
    `--config=/dev/null`,
  ].join(' ');
  const path = `--pg1-path=${server.dataDirectory} --pg1-socket-path=${server.socketDirectory} --pg1-user=postgres`;
  const backup = (type: string): string =>
    `${program} ${options} ${path} --process-max=2 ${compress} --type=${type} --start-fast --no-archive-check backup`;
  const compress = compression === 'lz4' ? '--compress-type=lz4' : '--compress-type=zst --compress-level=1';
  return {
    name: `pgBackRest ${compression}`,
    remark: 'page checksums, SHA-1; synced',
    restoreRemark: 'SHA-1; synced',
    prepare: `rm -rf ${scratch}/pgbackrest; mkdir ${scratch}/pgbackrest; ${program} ${options} ${path} --no-online stanza-create`,
    backup: backup('full'),
    delta: backup('incr'),
    deltaRemark: 'by file; page checksums, SHA-1; synced',
    restore: `mkdir -m 700 ${scratch}/restored && ${program} ${options} --spool-path=${scratch}/pgbackrest-spool --process-max=2 --pg1-path=${scratch}/restored restore`,
  };
}

function pgBasebackup(bench: BenchServer, program: string): BackupTool {
  const { server, scratch } = bench;
  return {
    name: 'pg_basebackup, client zstd-1',
    remark: 'page checksums by the server, whose CPU is not counted',
    restoreRemark: 'by zstd and tar; then sync',
    prepare: `rm -rf ${scratch}/basebackup`,
    backup: `${program} -h ${server.socketDirectory} -U postgres -D ${scratch}/basebackup -Ft -X none -c fast --compress=client-zstd:level=1,workers=2`,
    restore: `mkdir ${scratch}/restored && zstd -dc ${scratch}/basebackup/base.tar.zst | tar x -C ${scratch}/restored && sync -f ${scratch}/restored`,
  };
}

function walg(bench: BenchServer, program: string, isVerifying: boolean): BackupTool {
  const { server, scratch } = bench;
  return {
    name: `wal-g lz4${isVerifying ? ' --verify' : ''}`,
    remark: isVerifying ? 'page checksums' : 'no page checksums',
    restoreRemark: 'checksum of the lz4 frame; every file synced',
    prepare: `rm -rf ${scratch}/walg; mkdir ${scratch}/walg`,
    backup: `${program} backup-push ${server.dataDirectory} --full ${isVerifying ? '--verify' : ''}`,
    delta: `WALG_DELTA_MAX_STEPS=1 ${program} backup-push ${server.dataDirectory} ${isVerifying ? '--verify' : ''}`,
    deltaRemark: `by page; ${isVerifying ? 'page checksums' : 'no page checksums'}`,
    restore: `${program} backup-fetch ${scratch}/restored LATEST`,
    environment: {
      ...server.environment,
      WALG_FILE_PREFIX: `${scratch}/walg`,
      WALG_COMPRESSION_METHOD: 'lz4',
      WALG_UPLOAD_DISK_CONCURRENCY: '2',
    },
  };
}

function plain(bench: BenchServer): BackupTool[] {
  const { server, scratch } = bench;
  const data = server.dataDirectory;
  return [
    {
      name: 'tar, zstd -1 -T2',
      remark: 'no checks',
      restoreRemark: 'then sync',
      prepare: `rm -f ${scratch}/plain.tar.zst`,
      backup: `tar c -C ${data} . | zstd -q -1 -T2 -o ${scratch}/plain.tar.zst && sync -f ${scratch}`,
      restore: `mkdir ${scratch}/restored && zstd -dc ${scratch}/plain.tar.zst | tar x -C ${scratch}/restored && sync -f ${scratch}`,
    },
    {
      name: 'cp -r',
      remark: 'no checks, not compressed',
      restoreRemark: 'not compressed; then sync',
      prepare: `rm -rf ${scratch}/copy`,
      backup: `cp -r ${data} ${scratch}/copy && sync -f ${scratch}`,
      restore: `cp -r ${scratch}/copy ${scratch}/restored && sync -f ${scratch}`,
    },
  ];
}

/** Looks for the programs. `bundle` is ours; `PGBACKREST` and `WALG_BINARY` name ones that are not on the PATH. */
export function findTools(bench: BenchServer, bundle: string): FoundTools {
  const missing: string[] = [];
  const tools = [ours(bench, bundle, 'zstd'), ours(bench, bundle, 'lz4')];
  const backrest = process.env['PGBACKREST'] ?? onPath('pgbackrest');
  if (backrest === undefined) missing.push('pgBackRest (apt-get install pgbackrest, or PGBACKREST=/path)');
  else tools.push(pgBackRest(bench, backrest, 'zstd'), pgBackRest(bench, backrest, 'lz4'));
  const walgBinary = process.env['WALG_BINARY'] ?? onPath('wal-g');
  if (walgBinary === undefined) missing.push('wal-g (WALG_BINARY=/path)');
  else tools.push(walg(bench, walgBinary, true), walg(bench, walgBinary, false));
  const basebackup = onPath('pg_basebackup') ?? '/usr/lib/postgresql/15/bin/pg_basebackup';
  if (!existsSync(basebackup)) missing.push('pg_basebackup (apt-get install postgresql-client-15)');
  else if (onPath('zstd') !== undefined) tools.push(pgBasebackup(bench, basebackup));
  if (onPath('zstd') === undefined) missing.push('zstd (apt-get install zstd)');
  else tools.push(...plain(bench));
  return { tools, missing };
}
