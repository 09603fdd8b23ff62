/**
 * Parameters of PostgreSQL and its pg_hba.conf, as Spilo has them, without those of extensions that this image does not
 * have.
 *
 * Source: Spilo `configure_spilo.py` (template; `get_placeholders` for what depends on memory).
 *
 * @module
 */

import { basename, dirname, join } from 'node:path/posix';

import type { ConfigMap, ContainerPaths, PlannedCertificate } from './container-plan.ts';
import type { Reading } from './reading.ts';

const BYTES_PER_MB = 1024 ** 2;

/** One connection for 30 MB, at least 100, at most 1000. */
function maxConnections(memoryBytes: number): number {
  return Math.min(Math.max(100, Math.trunc(memoryBytes / BYTES_PER_MB / 30)), 1000);
}

/** `bootstrap.dcs.postgresql.parameters`: what the whole cluster begins with. */
export function clusterParameters(memoryBytes: number): ConfigMap {
  return {
    archive_mode: 'on',
    archive_timeout: '1800s',
    wal_level: 'replica',
    wal_log_hints: 'on',
    wal_compression: 'on',
    max_wal_senders: 10,
    max_connections: maxConnections(memoryBytes),
    max_replication_slots: 10,
    hot_standby: 'on',
    tcp_keepalives_idle: 900,
    tcp_keepalives_interval: 100,
    log_line_prefix: '%t [%p]: [%l-1] %c %x %d %u %a %h ',
    log_checkpoints: 'on',
    log_lock_waits: 'on',
    log_min_duration_statement: 500,
    log_autovacuum_min_duration: 0,
    log_connections: 'on',
    log_disconnections: 'on',
    log_statement: 'ddl',
    log_temp_files: 0,
    track_functions: 'all',
    checkpoint_completion_target: 0.9,
    autovacuum_max_workers: 5,
    autovacuum_vacuum_scale_factor: 0.05,
    autovacuum_analyze_scale_factor: 0.02,
  };
}

/** A fifth of the memory on Kubernetes, a quarter elsewhere. */
function sharedBuffers(reading: Reading): string {
  const parts = reading.environment['KUBERNETES_SERVICE_HOST'] === undefined ? 4 : 5;
  return `${Math.trunc(reading.facts.memoryBytes / BYTES_PER_MB / parts)}MB`;
}

function logging(reading: Reading, paths: ContainerPaths): ConfigMap {
  const isBeside = dirname(paths.logDirectory) === dirname(paths.dataDirectory);
  // Spilo takes this word alone, in any case, for yes.
  const isHourly = reading.get('LOG_SHIP_HOURLY')?.toLowerCase() === 'true';
  return {
    logging_collector: 'on',
    log_destination: 'csvlog',
    log_directory: isBeside ? `../${basename(paths.logDirectory)}` : paths.logDirectory,
    log_filename: isHourly ? 'postgresql-%u-%H.log' : 'postgresql-%u.log',
    log_file_mode: '0644',
    log_rotation_age: isHourly ? '1h' : '1d',
    log_truncate_on_rotation: 'on',
  };
}

/** `postgresql.parameters`: what this member has. */
export function memberParameters(
  reading: Reading,
  paths: ContainerPaths,
  given: { readonly archiveCommand: string; readonly certificate: PlannedCertificate },
): ConfigMap {
  const { certificate } = given;
  const { caFile, crlFile } = certificate;
  return {
    archive_command: given.archiveCommand,
    shared_buffers: sharedBuffers(reading),
    ...logging(reading, paths),
    unix_socket_directories: paths.socketDirectory,
    ssl: 'on',
    ...(caFile === undefined ? {} : { ssl_ca_file: caFile }),
    ...(crlFile === undefined ? {} : { ssl_crl_file: crlFile }),
    ssl_cert_file: certificate.certificateFile,
    ssl_key_file: certificate.keyFile,
    shared_preload_libraries: 'pg_stat_statements',
    'pg_stat_statements.track_utility': 'off',
  };
}

/** `postgresql.pg_hba`. ALLOW_NOSSL lets clients in that do not encrypt. */
export function hbaLines(replicationUser: string, allowsPlain: boolean): readonly string[] {
  return [
    'local   all             all                                   trust',
    'host    all             all                127.0.0.1/32       md5',
    'host    all             all                ::1/128            md5',
    `local   replication     ${replicationUser}                    trust`,
    `hostssl replication     ${replicationUser} all                md5`,
    ...(allowsPlain
      ? ['host    all             all                all                md5']
      : [
          'hostnossl all           all                all                reject',
          'hostssl all             all                all                md5',
        ]),
  ];
}

/** Where the files of the socket and the password file of Patroni are. */
export function passwordFile(paths: ContainerPaths): string {
  return join(paths.socketDirectory, 'pgpass');
}
