/**
 * The parameters of the stores in which Patroni keeps a cluster's keys, as `<STORE>_<PARAMETER>` variables.
 *
 * Spilo hands on whatever stands behind `ETCD_`, `CONSUL_` and so on, and Patroni passes over what it does not know; here
 * such a name is refused.
 *
 * Source: Patroni `patroni/validator.py`, `docs/yaml_configuration.rst`; Spilo `configure_spilo.py` (`get_dcs_config`).
 *
 * @module
 */

/** A store of keys, in Spilo's order: the first that any variable names is taken. */
export const DCS_KINDS = ['zookeeper', 'exhibitor', 'consul', 'etcd3', 'etcd'] as const;

/** One of them. */
export type DcsKind = (typeof DCS_KINDS)[number];

/** How a parameter is read from text. `secrets`: a mapping whose values are shown to nobody. */
export type ParameterForm = 'text' | 'secret' | 'secrets' | 'file' | 'boolean' | 'integer' | 'list' | 'mapping';

const ETCD: Readonly<Record<string, ParameterForm>> = {
  host: 'text',
  hosts: 'list',
  url: 'text',
  proxy: 'text',
  use_proxies: 'boolean',
  srv: 'text',
  srv_suffix: 'text',
  discovery_domain: 'text',
  discovery_srv: 'text',
  protocol: 'text',
  username: 'text',
  password: 'secret',
  cacert: 'file',
  cert: 'file',
  key: 'file',
};

/** The parameters of each store. */
export const DCS_PARAMETERS: Readonly<Record<DcsKind, Readonly<Record<string, ParameterForm>>>> = {
  etcd: ETCD,
  etcd3: ETCD,
  consul: {
    host: 'text',
    url: 'text',
    port: 'integer',
    scheme: 'text',
    token: 'secret',
    verify: 'boolean',
    cacert: 'file',
    cert: 'file',
    key: 'file',
    dc: 'text',
    checks: 'list',
    register_service: 'boolean',
    service_tags: 'list',
    service_check_interval: 'text',
    service_check_tls_server_name: 'text',
    consistency: 'text',
  },
  zookeeper: {
    hosts: 'list',
    use_ssl: 'boolean',
    cacert: 'file',
    cert: 'file',
    key: 'file',
    key_password: 'secret',
    verify: 'boolean',
    set_acls: 'mapping',
    auth_data: 'secrets',
  },
  // Refused as a whole.
  exhibitor: { hosts: 'list', port: 'integer', poll_interval: 'integer' },
};

/** Of which at least one has to be there. */
export const DCS_ADDRESSES: Readonly<Record<DcsKind, readonly string[]>> = {
  etcd: ['host', 'hosts', 'url', 'proxy', 'srv', 'discovery_domain', 'discovery_srv'],
  etcd3: ['host', 'hosts', 'url', 'proxy', 'srv', 'discovery_domain', 'discovery_srv'],
  consul: ['host', 'url'],
  zookeeper: ['hosts'],
  exhibitor: ['hosts'],
};

/** `ETCD3_HOSTS`. */
export function dcsVariable(kind: DcsKind, parameter: string): string {
  return `${kind}_${parameter}`.toUpperCase();
}

/**
 * True for a variable that Kubernetes sets for a Service of that name (`ETCD_PORT=tcp://10.0.0.7:2379`): it is about that
 * Service, and no setting.
 */
export function isServiceLink(name: string, value: string): boolean {
  return (
    /_SERVICE_(HOST|PORT(_\w+)?)$/.test(name) ||
    /_PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?$/.test(name) ||
    (name.endsWith('_PORT') && /^(tcp|udp|sctp):\/\//.test(value))
  );
}
