/**
 * `patroni.yml` of one member, as an operator would write it.
 *
 * Source: Patroni's documentation, "YAML Configuration Settings" and "Dynamic Configuration Settings".
 *
 * @module
 */

import { join } from 'node:path';

import { ARCHIVE_SCRIPT, quoted, RESTORE_SCRIPT } from '../archived-cluster.ts';

/** A value of a configuration file. */
export type ConfigValue =
  | string
  | number
  | boolean
  | null
  | readonly ConfigValue[]
  | { readonly [key: string]: ConfigValue };

/** A part of a configuration file. */
export interface ConfigMap {
  readonly [key: string]: ConfigValue;
}

/** Users and passwords of a test cluster. */
export const PASSWORDS = {
  postgres: 'of the superuser',
  replicator: 'of the replicas',
  rewind: 'of pg_rewind',
} as const;

/** What the REST API of a test cluster asks for. */
export const REST_USER = { username: 'patroni', password: 'rest: secret' } as const;

/** Where one member is. */
export interface MemberPlace {
  readonly name: string;
  /** Holds everything of it. */
  readonly root: string;
  readonly restPort: number;
  readonly postgresPort: number;
}

/** What the members of a cluster have in common. */
export interface SharedConfig {
  readonly scope: string;
  readonly etcdHosts: readonly string[];
  readonly bin: string;
  readonly walSegmentSizeMib: number;
  readonly isSynchronous: boolean;
  /** Laid over `bootstrap.dcs`. */
  readonly dynamic: ConfigMap;
  /** Laid over the whole of it. */
  readonly overrides: ConfigMap;
}

function isMap(value: ConfigValue | undefined): value is ConfigMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** `over` laid on `under`: maps are joined, anything else is replaced. */
export function laidOver(under: ConfigMap, over: ConfigMap): ConfigMap {
  const joined: Record<string, ConfigValue> = { ...under };
  for (const [key, value] of Object.entries(over)) {
    const below = joined[key];
    joined[key] = isMap(below) && isMap(value) ? laidOver(below, value) : value;
  }
  return joined;
}

export const dataDirectoryOf = ({ root }: MemberPlace): string => join(root, 'data');
export const socketDirectoryOf = ({ root }: MemberPlace): string => join(root, 'sock');
export const spoolOf = ({ root }: MemberPlace): string => join(root, 'spool');

/** The shortest times that Patroni allows: `loop_wait + 2 × retry_timeout` fits in `ttl`, which is 20 or more. */
function dynamicConfig({ isSynchronous, dynamic }: SharedConfig): ConfigMap {
  const parameters = {
    archive_mode: 'on',
    wal_level: 'replica',
    max_prepared_transactions: 20,
    track_commit_timestamp: 'on',
    wal_log_hints: 'on',
    shared_buffers: '16MB',
    max_wal_size: '256MB',
    fsync: 'off',
    autovacuum: 'off',
    wal_keep_size: '32MB',
  };
  const base = { ttl: 20, loop_wait: 2, retry_timeout: 5, synchronous_mode: isSynchronous };
  return laidOver({ ...base, postgresql: { use_pg_rewind: true, use_slots: true, parameters } }, dynamic);
}

function postgresqlConfig(place: MemberPlace, shared: SharedConfig): ConfigMap {
  const spool = quoted(spoolOf(place));
  return {
    listen: `127.0.0.1:${place.postgresPort}`,
    connect_address: `127.0.0.1:${place.postgresPort}`,
    data_dir: dataDirectoryOf(place),
    bin_dir: shared.bin,
    pgpass: join(place.root, 'pgpass'),
    use_unix_socket: true,
    authentication: {
      superuser: { username: 'postgres', password: PASSWORDS.postgres },
      replication: { username: 'replicator', password: PASSWORDS.replicator },
      rewind: { username: 'rewind_user', password: PASSWORDS.rewind },
    },
    parameters: {
      unix_socket_directories: socketDirectoryOf(place),
      log_line_prefix: '%m [%p] ',
      archive_command: `${quoted(ARCHIVE_SCRIPT)} ${spool} "%p"`,
    },
    recovery_conf: { restore_command: `${quoted(RESTORE_SCRIPT)} ${spool} "%f" "%p"` },
    pg_hba: [
      'local all all trust',
      'local replication all trust',
      'host all all 127.0.0.1/32 scram-sha-256',
      'host replication replicator 127.0.0.1/32 scram-sha-256',
    ],
    create_replica_methods: ['basebackup'],
    basebackup: { checkpoint: 'fast' },
  };
}

/** The whole configuration of a member. */
export function memberConfig(place: MemberPlace, shared: SharedConfig): ConfigMap {
  const address = `127.0.0.1:${place.restPort}`;
  const config = {
    scope: shared.scope,
    namespace: '/service/',
    name: place.name,
    restapi: { listen: address, connect_address: address, authentication: REST_USER },
    etcd3: { hosts: shared.etcdHosts },
    bootstrap: {
      dcs: dynamicConfig(shared),
      initdb: [
        { encoding: 'UTF8' },
        { locale: 'C' },
        'data-checksums',
        'no-sync',
        { 'wal-segsize': String(shared.walSegmentSizeMib) },
      ],
    },
    postgresql: postgresqlConfig(place, shared),
  };
  return laidOver(config, shared.overrides);
}
