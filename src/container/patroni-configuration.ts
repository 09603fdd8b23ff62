/**
 * Patroni's configuration: with Spilo's names and values where they mean something here, so that what people have in
 * SPILO_CONFIGURATION finds its place.
 *
 * What is different, and why: `recovery_conf` of a clone is gone, because walkback itself recovers a clone, proves its
 * target and opens it; `users` is gone, because Patroni from 4.0 on passes over it; replicas are made by walkback or by
 * Patroni's own basebackup.
 *
 * Source: Spilo `configure_spilo.py` (template); Patroni `docs/yaml_configuration.rst`.
 *
 * @module
 */

import { createHmac } from 'node:crypto';

import {
  archiveCommand,
  basebackupCommand,
  cloneCommand,
  postInitCommand,
  replicaCommand,
  restoreCommand,
  standbyLeaderCommand,
  standbyRestoreCommand,
} from './commands.ts';
import type { CertificatePlan } from './certificates.ts';
import type { ConfigMap, ContainerPlan, PlannedCertificate } from './container-plan.ts';
import { rolesFile } from './container-paths.ts';
import type { FoundDcs } from './dcs.ts';
import type { Reading } from './reading.ts';
import { Secret } from './secret.ts';
import { clusterParameters, hbaLines, memberParameters, passwordFile } from './server-parameters.ts';

/** What the configuration is made of. */
export interface ConfigurationParts extends Pick<
  ContainerPlan,
  | 'scope'
  | 'memberName'
  | 'namespace'
  | 'major'
  | 'binDirectory'
  | 'paths'
  | 'ports'
  | 'users'
  | 'environment'
  | 'archive'
  | 'agent'
  | 'clone'
  | 'standby'
> {
  readonly server: CertificatePlan & { readonly certificate: PlannedCertificate };
  readonly restApi: CertificatePlan;
  readonly dcs: FoundDcs | undefined;
}

/** Archives of a standby's source are restored by this method, under Spilo's name for it. */
const STANDBY_METHOD = 'bootstrap_standby_with_wale';

function standbyCluster({ standby }: ConfigurationParts): ConfigMap {
  if (standby === undefined) return {};
  const { archive, host, port, slotName } = standby;
  return {
    standby_cluster: {
      create_replica_methods: [...(archive === undefined ? [] : [STANDBY_METHOD]), 'basebackup'],
      ...(archive === undefined ? {} : { restore_command: standbyRestoreCommand(archive.environment.path) }),
      ...(host === undefined ? {} : { host }),
      ...(port === undefined ? {} : { port }),
      ...(slotName === undefined ? {} : { primary_slot_name: slotName }),
    },
  };
}

function cloneMethod({ clone, archive, major }: ConfigurationParts): ConfigMap {
  if (clone === undefined) return {};
  const own = { ownEnvironmentPath: archive?.environment.path, major };
  if (clone.kind === 'archive') {
    const command = cloneCommand({
      ...own,
      environmentPath: clone.archive.environment.path,
      addresses: clone.addresses,
      target: clone.target,
    });
    return { method: 'clone_with_wale', clone_with_wale: { command } };
  }
  return {
    method: 'clone_with_basebackup',
    clone_with_basebackup: { command: basebackupCommand({ ...own, environmentPath: clone.environment.path }) },
  };
}

function bootstrap(reading: Reading, parts: ConfigurationParts): ConfigMap {
  return {
    post_init: postInitCommand(parts.environment.path, rolesFile(parts.paths)),
    dcs: {
      ...standbyCluster(parts),
      ttl: 30,
      loop_wait: 10,
      retry_timeout: 10,
      maximum_lag_on_failover: 33_554_432,
      postgresql: {
        use_pg_rewind: true,
        use_slots: true,
        parameters: clusterParameters(reading.facts.memoryBytes),
      },
    },
    ...cloneMethod(parts),
    initdb: [{ encoding: 'UTF8' }, { locale: `${reading.get('INITDB_LOCALE') ?? 'en_US'}.UTF-8` }, 'data-checksums'],
  };
}

/** `host:port`, with brackets around an address of IPv6. */
function hostAndPort(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

function ownAddress(reading: Reading): string {
  const podIp = reading.environment['KUBERNETES_SERVICE_HOST'] === undefined ? undefined : reading.get('POD_IP');
  return podIp ?? reading.facts.hostAddress;
}

function restApiSection(reading: Reading, parts: ConfigurationParts): ConfigMap {
  const { ports, restApi } = parts;
  const { certificate } = restApi;
  return {
    authentication: restApiLogin(parts),
    listen: `:${ports.restApi}`,
    connect_address: reading.get('RESTAPI_CONNECT_ADDRESS') ?? hostAndPort(ownAddress(reading), ports.restApi),
    ...(certificate?.caFile === undefined ? {} : { cafile: certificate.caFile }),
    ...(certificate === undefined ? {} : { certfile: certificate.certificateFile, keyfile: certificate.keyFile }),
  };
}

/** The user of the REST API that a container makes of its superuser's password. */
export function restApiUser(
  scope: string,
  superuserPassword: string,
): { readonly username: string; readonly password: Secret } {
  const hash = createHmac('sha256', superuserPassword).update(`REST API of ${scope}`);
  return { username: 'patroni', password: new Secret(hash.digest('base64url')) };
}

/**
 * Whoever can reach the REST API could otherwise change the cluster's configuration, and with it the commands that PostgreSQL
 * runs. All members have the same superuser's password, so each makes the same one of it.
 */
function restApiLogin({ scope, users }: ConfigurationParts): ConfigMap {
  return restApiUser(scope, users.superuser.password.reveal());
}

function thresholds(reading: Reading): ConfigMap {
  const name = 'WALE_BACKUP_THRESHOLD_';
  return {
    threshold_megabytes: reading.integer(`${name}MEGABYTES`, 0, 1_000_000_000) ?? 102_400,
    threshold_backup_size_percentage: reading.integer(`${name}PERCENTAGE`, 0, 100_000) ?? 30,
  };
}

function replicaMethods(reading: Reading, parts: ConfigurationParts): ConfigMap {
  const { archive, standby } = parts;
  const limits = thresholds(reading);
  const method = (command: string) => ({ command, ...limits, no_leader: 1 });
  return {
    create_replica_methods: [...(archive === undefined ? [] : ['walkback']), 'basebackup'],
    ...(archive === undefined ? {} : { walkback: method(replicaCommand(archive.environment.path)) }),
    basebackup: [{ checkpoint: 'fast' }],
    ...(standby?.archive === undefined
      ? {}
      : { [STANDBY_METHOD]: method(standbyLeaderCommand(standby.archive.environment.path)) }),
  };
}

function callbacks(reading: Reading): ConfigMap {
  const script = reading.get('CALLBACK_SCRIPT');
  return script === undefined ? {} : { callbacks: { on_start: script, on_stop: script, on_role_change: script } };
}

function postgresql(reading: Reading, parts: ConfigurationParts): ConfigMap {
  const { paths, ports, users, archive } = parts;
  const { certificate } = parts.server;
  const waitS = reading.integer('WAL_RESTORE_TIMEOUT', 0, 86_400) ?? 0;
  const archiving =
    archive === undefined ? '/bin/true' : archiveCommand(archive.environment.path, paths.spoolDirectory);
  return {
    pgpass: passwordFile(paths),
    use_unix_socket: true,
    use_unix_socket_repl: true,
    name: parts.memberName,
    listen: `*:${ports.postgres}`,
    connect_address: reading.get('PG_CONNECT_ADDRESS') ?? hostAndPort(ownAddress(reading), ports.postgres),
    data_dir: paths.dataDirectory,
    bin_dir: parts.binDirectory,
    parameters: memberParameters(reading, paths, { archiveCommand: archiving, certificate }),
    pg_hba: hbaLines(users.replication.name, reading.isOn('ALLOW_NOSSL')),
    ...(archive === undefined
      ? {}
      : {
          recovery_conf: {
            restore_command: restoreCommand(
              archive.environment.path,
              paths.spoolDirectory,
              waitS === 0 ? undefined : waitS,
            ),
          },
        }),
    authentication: {
      superuser: { username: users.superuser.name, password: users.superuser.password },
      replication: { username: users.replication.name, password: users.replication.password },
    },
    ...callbacks(reading),
    ...replicaMethods(reading, parts),
  };
}

/** The configuration, before what people add to it. */
export function patroniConfiguration(reading: Reading, parts: ConfigurationParts): ConfigMap {
  const { dcs, namespace } = parts;
  return {
    scope: parts.scope,
    ...(namespace === undefined ? {} : { namespace }),
    bootstrap: bootstrap(reading, parts),
    restapi: restApiSection(reading, parts),
    ...(dcs === undefined ? {} : { [dcs.kind]: dcs.configuration }),
    postgresql: postgresql(reading, parts),
  };
}
