/**
 * Settings of the server, of recoveries on its host, of the agent, and of what is shown.
 *
 * @module
 */

import type { Setting } from './setting.ts';
import { bytes, integer, path, shellCommand, text, timeZone } from './value-kind.ts';

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
    summary: 'The host, or the directory of the socket, by which the server is reached.',
    default: '/var/run/postgresql',
    example: '/run/postgresql',
    alsoFrom: ['PGHOST'],
  },
  pgPort: {
    group: 'server',
    kind: integer(1, 65_535),
    summary: "The server's port.",
    default: '5432',
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
    summary: "The role's password. A password file or a socket with peer authentication is better.",
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
  binDirectory: {
    group: 'server',
    kind: path,
    summary:
      "The folder of PostgreSQL's programs (pg_ctl, postgres) of the server's major version. Absent: those found on the PATH.",
    example: '/usr/lib/postgresql/17/bin',
  },
  startCommand: {
    group: 'recovery',
    kind: shellCommand,
    summary: 'Starts the live server. Absent: pg_ctl start on the data directory.',
    example: 'systemctl start postgresql@17-main',
  },
  stopCommand: {
    group: 'recovery',
    kind: shellCommand,
    summary: 'Stops the live server. Absent: pg_ctl stop on the data directory.',
    example: 'systemctl stop postgresql@17-main',
  },
  statusCommand: {
    group: 'recovery',
    kind: shellCommand,
    summary: 'Exits 0 if the live server runs. Absent: pg_ctl status on the data directory.',
    example: 'systemctl is-active postgresql@17-main',
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
} as const satisfies Record<string, Setting>;
