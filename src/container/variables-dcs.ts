/**
 * Variables of the store in which Patroni keeps a cluster's keys.
 *
 * Source: Spilo `ENVIRONMENT.rst`, `configure_spilo.py` (`get_dcs_config`); Patroni `docs/yaml_configuration.rst`.
 *
 * @module
 */

import type { ContainerVariable, VariableGroup } from './container-variable.ts';
import { DCS_PARAMETERS, dcsVariable, type DcsKind } from './dcs-parameters.ts';

/** Kubernetes. */
export const KUBERNETES_VARIABLES: VariableGroup = {
  title: 'Keys in Kubernetes',
  variables: [
    {
      name: 'DCS_ENABLE_KUBERNETES_API',
      summary:
        'Any text: the keys are in Kubernetes. A word for no is refused, because it meant yes; so is any text outside of a pod, where Spilo passes over it. A pod whose keys are elsewhere is refused: its role label would not be kept.',
    },
    {
      name: 'KUBERNETES_USE_CONFIGMAPS',
      summary: 'Any text: in ConfigMaps, otherwise in Endpoints. A word for no is refused.',
    },
    { name: 'KUBERNETES_ROLE_LABEL', summary: 'The label of a pod’s role.', default: 'spilo-role' },
    { name: 'KUBERNETES_LEADER_LABEL_VALUE', summary: 'What it is on the leader.', default: 'master' },
    {
      name: 'KUBERNETES_STANDBY_LEADER_LABEL_VALUE',
      summary: 'What it is on the leader of a standby cluster.',
      default: 'master',
    },
    { name: 'KUBERNETES_FOLLOWER_LABEL_VALUE', summary: 'What it is on a replica.', default: 'replica (Patroni’s)' },
    { name: 'KUBERNETES_TMP_ROLE_LABEL', summary: 'A label of the role for the time of a change.' },
    { name: 'KUBERNETES_SCOPE_LABEL', summary: 'The label of the cluster’s name.', default: 'version' },
    {
      name: 'KUBERNETES_LABELS',
      summary:
        'Other labels by which the cluster’s objects are found, as a JSON object. What is none is refused: with Spilo’s default instead, another cluster’s objects could be found.',
      default: '{"application": "spilo"}',
    },
    {
      name: 'KUBERNETES_BOOTSTRAP_LABELS',
      summary: 'Labels of a pod while its data are made, as a JSON object.',
      default: '{}',
    },
    {
      name: 'KUBERNETES_BYPASS_API_SERVICE',
      summary: 'Whether the servers behind the Service `kubernetes` are spoken to themselves.',
      default: 'true',
    },
    { name: 'KUBERNETES_NAMESPACE', summary: 'Another namespace for the keys.', default: 'NAMESPACE' },
    { name: 'KUBERNETES_CACERT', summary: 'Certificates by which the API is trusted.' },
    { name: 'KUBERNETES_RETRIABLE_HTTP_CODES', summary: 'Answers after which the API is asked again, with commas.' },
  ],
};

const SUMMARIES: Readonly<Record<string, string>> = {
  hosts: 'Its servers: `host1:port1,host2:port2`, or a list in YAML.',
  host: 'A server: `host:port`.',
  url: 'Its address as a URL.',
  proxy: 'A proxy before it, as a URL.',
  discovery_domain: 'A domain whose SRV records name the servers.',
  discovery_srv: 'A domain whose SRV records name the servers.',
  srv: 'A domain whose SRV records name the servers.',
  cacert: 'Certificates by which it is trusted. The file has to be there.',
  cert: 'The client’s certificate. The file has to be there.',
  key: 'Its key. The file has to be there.',
};

function variablesOf(kind: DcsKind): readonly ContainerVariable[] {
  return Object.entries(DCS_PARAMETERS[kind]).map(([parameter, form]) => ({
    name: dcsVariable(kind, parameter),
    summary: SUMMARIES[parameter] ?? `Patroni’s \`${kind}.${parameter}\`.`,
    ...(form === 'secret' || form === 'secrets' ? { secret: true as const } : {}),
    ...(kind === 'exhibitor'
      ? {
          refused: {
            why: 'Exhibitor is no longer maintained, and not supported',
            instead: 'Name the ZooKeeper servers themselves: ZOOKEEPER_HOSTS.',
          },
        }
      : {}),
  }));
}

const TITLES = {
  etcd3: 'etcd, version 3',
  etcd: 'etcd, version 2',
  consul: 'Consul',
  zookeeper: 'ZooKeeper',
  exhibitor: 'Exhibitor',
};

/** The other stores. */
export const DCS_GROUPS: readonly VariableGroup[] = (
  ['etcd3', 'etcd', 'consul', 'zookeeper', 'exhibitor'] as const
).map((kind) => ({ title: `Keys in ${TITLES[kind]}`, variables: variablesOf(kind) }));
