/**
 * Settings of the server, of recoveries on its host, of the agent, and of what is shown.
 *
 * @module
 */

import type { Setting } from './setting.ts';
import {
  boolean,
  bytes,
  choice,
  commandLine,
  duration,
  integer,
  matching,
  path,
  text,
  timeZone,
} from './value-kind.ts';

/** Settings of the server and its host, and general ones. */
export const SERVER_SETTINGS = {
  timeZone: {
    group: 'general',
    kind: timeZone,
    summary:
      "The zone in which times are shown, and in which times given without an offset are meant. Absent: times are shown in the system's zone, and times without an offset are refused.",
    example: 'America/Vancouver',
    flag: 'tz',
  },
  clusterName: {
    group: 'general',
    kind: text,
    summary:
      "The cluster's name on screens, and what has to be typed to confirm a cutover. Absent: the last part of the archive's address.",
    example: 'shop-prod',
    alsoFrom: ['SCOPE', 'PATRONI_SCOPE'],
  },
  backupDue: {
    group: 'general',
    kind: duration(60_000, 366 * 86_400_000),
    summary: 'How old the last backup may be before status asks for attention.',
    default: '26h',
    example: '8d',
  },
  dataDirectory: {
    group: 'server',
    kind: path,
    summary: "The server's data directory.",
    example: '/var/lib/postgresql/17/main',
    alsoFrom: ['PGDATA'],
  },
  pgHost: {
    group: 'server',
    kind: text,
    summary:
      'The host, or the directory of the socket, by which the server is reached. Absent: what the running server of the data directory says, otherwise /var/run/postgresql.',
    example: '/run/postgresql',
    alsoFrom: ['PGHOST'],
  },
  pgPort: {
    group: 'server',
    kind: integer(1, 65_535),
    summary: "The server's port. Absent: what the running server of the data directory says, otherwise 5432.",
    example: '5433',
    alsoFrom: ['PGPORT'],
  },
  pgUser: {
    group: 'server',
    kind: text,
    summary: 'The role to connect as. It must be allowed to start a backup and to switch WAL.',
    default: 'postgres',
    example: 'walkback',
    alsoFrom: ['PGUSER', 'PGUSER_SUPERUSER'],
  },
  pgPassword: {
    group: 'server',
    kind: text,
    summary:
      "The role's password. Absent: the password file (PGPASSFILE, ~/.pgpass), or none with peer authentication.",
    example: '(a secret)',
    alsoFrom: ['PGPASSWORD', 'PGPASSWORD_SUPERUSER'],
    secret: true,
  },
  pgDatabase: {
    group: 'server',
    kind: text,
    summary: 'The database to connect to.',
    default: 'postgres',
    example: 'shop',
    alsoFrom: ['PGDATABASE'],
  },
  pgSslMode: {
    group: 'server',
    kind: choice(['disable', 'require', 'verify-full']),
    summary:
      'Whether the connection is encrypted (require) and the server proves who it is (verify-full). Sockets need neither.',
    default: 'disable',
    example: 'verify-full',
    alsoFrom: ['PGSSLMODE'],
  },
  pgSslRootCert: {
    group: 'server',
    kind: path,
    summary:
      'A file of certificates (PEM) by which the server is trusted with verify-full. Absent: those of the system.',
    example: '/etc/ssl/postgresql-ca.pem',
    alsoFrom: ['PGSSLROOTCERT'],
  },
  connectTimeout: {
    group: 'server',
    kind: duration(100),
    summary: 'How long connecting to the server may take.',
    default: '10s',
    example: '30s',
  },
  binDirectory: {
    group: 'server',
    kind: path,
    summary:
      "The folder of PostgreSQL's programs (pg_ctl, postgres) of the server's major version. Absent: where the server was last started from, then the folders that packages of that version use.",
    example: '/usr/lib/postgresql/17/bin',
  },
  startCommand: {
    group: 'recovery',
    kind: commandLine,
    summary:
      'Starts the live server: a program and its arguments, no shell. {dataDirectory}, {bin}, {logFile} and {options} are filled in. Absent, with stop-command: pg_ctl.',
    example: 'rc-service postgresql start',
  },
  stopCommand: {
    group: 'recovery',
    kind: commandLine,
    summary: 'Stops the live server, written as start-command is. It must shut down cleanly (fast, not immediate).',
    example: 'rc-service postgresql stop',
  },
  statusCommand: {
    group: 'recovery',
    kind: commandLine,
    summary:
      "Exits 0 if the live server runs, written as start-command is. Absent: the data directory's postmaster.pid.",
    example: 'rc-service postgresql status',
  },
  systemdUnit: {
    group: 'recovery',
    kind: text,
    summary: 'The unit by which systemctl starts and stops the live server.',
    example: 'postgresql@17-main.service',
  },
  debianCluster: {
    group: 'recovery',
    kind: matching(/^\d{1,3}\/[^/\s]+$/, 'VERSION/NAME', 'a version and a name such as 17/main'),
    summary: 'The cluster that pg_ctlcluster starts and stops, as pg_lsclusters names it.',
    example: '17/main',
  },
  serverLog: {
    group: 'recovery',
    kind: path,
    summary:
      'Where pg_ctl lets the server write what it says. Absent: beside the data directory, with .log added to its name.',
    example: '/var/log/postgresql/postgresql-17-main.log',
  },
  serverStopTimeout: {
    group: 'recovery',
    kind: duration(1000),
    summary:
      'How long a clean shutdown of the live server may take, its last checkpoint and the archiving of its last WAL included.',
    default: '10min',
    example: '1h',
  },
  serverStartTimeout: {
    group: 'recovery',
    kind: duration(1000),
    summary: 'How long the live server may take from its start to its first answer.',
    default: '5min',
    example: '30min',
  },
  archiveTimeout: {
    group: 'recovery',
    kind: duration(1000),
    summary:
      'How long to wait for WAL of the live server to reach the archive: before a cutover, and at the end of a backup.',
    default: '10min',
    example: '1h',
  },
  spoolDirectory: {
    group: 'agent',
    kind: path,
    summary:
      "The folder through which PostgreSQL's commands and the agent talk. Absent: beside the data directory, with .spool added to its name.",
    example: '/var/lib/postgresql/17/main.spool',
  },
  prefetchSize: {
    group: 'agent',
    kind: bytes(0),
    summary: 'How much WAL is fetched ahead of replay. 0 turns prefetching off.',
    default: '512MB',
    example: '2GB',
  },
  historyIndex: {
    group: 'agent',
    kind: boolean,
    summary:
      'Whether the agent writes an index of each segment that it pushes, by which log, show and window are fast. It is made when the segment is in the archive, by a thread of low priority. With it, names of relations are kept after DDL, if the server can be asked.',
    default: 'true',
    example: 'false',
  },
} as const satisfies Record<string, Setting>;
