/**
 * Kubernetes as the place of a cluster's keys: ConfigMaps or Endpoints, labels, and the role that a pod is labelled with.
 *
 * Source: Spilo `configure_spilo.py` (`get_dcs_config`); Patroni `docs/yaml_configuration.rst`, Kubernetes.
 *
 * @module
 */

import type { ConfigMap, ConfigValue } from './container-plan.ts';
import type { FoundDcs } from './dcs.ts';
import { missingFile, type Reading } from './reading.ts';

const DEFAULT_LABELS = '{"application": "spilo"}';

function labelsIn(text: string): Record<string, string> | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const entries = Object.entries(value);
  return entries.every((entry): entry is [string, string] => typeof entry[1] === 'string')
    ? Object.fromEntries(entries)
    : undefined;
}

/** Spilo goes on with its default when the labels are no JSON: the cluster would be looked for among another's objects. */
function labels(reading: Reading, name: string, fallback: string): Record<string, string> {
  const text = reading.environment[name] ?? fallback;
  const found = labelsIn(text);
  if (found !== undefined) return found;
  reading.refuse({
    of: name,
    found: `${JSON.stringify(text)} is no JSON object of labels with their values as text`,
    remedy: `Write it as {"app":"shop","release":"prod"}.`,
  });
  return {};
}

function httpCodes(reading: Reading): readonly number[] | undefined {
  const name = 'KUBERNETES_RETRIABLE_HTTP_CODES';
  const text = reading.get(name);
  if (text === undefined) return undefined;
  const codes = text.split(',').map((one) => Number(one.trim()));
  if (codes.every((code) => Number.isInteger(code) && code >= 100 && code < 600)) return codes;
  reading.refuse({
    of: name,
    found: `it is ${JSON.stringify(text)}`,
    remedy: 'Write numbers of HTTP with commas between them.',
  });
  return undefined;
}

function endpoints(reading: Reading, postgresPort: number): ConfigMap {
  if (reading.isOn('KUBERNETES_USE_CONFIGMAPS')) return {};
  return {
    use_endpoints: true,
    pod_ip: reading.get('POD_IP') ?? reading.facts.hostAddress,
    ports: [{ port: postgresPort, name: 'postgresql' }],
  };
}

function optional(reading: Reading, parameters: readonly string[]): ConfigMap {
  const found = parameters.flatMap((parameter): [string, ConfigValue][] => {
    const text = reading.get(`KUBERNETES_${parameter}`);
    return text === undefined ? [] : [[parameter.toLowerCase(), text]];
  });
  return Object.fromEntries(found);
}

/** The section `kubernetes` of Patroni's configuration. */
export function kubernetesDcs(reading: Reading, postgresPort: number): FoundDcs {
  const bootstrapLabels = labels(reading, 'KUBERNETES_BOOTSTRAP_LABELS', '{}');
  const certificate = reading.get('KUBERNETES_CACERT');
  if (certificate !== undefined && !reading.facts.canRead(certificate))
    reading.refuse({ of: 'KUBERNETES_CACERT', ...missingFile(certificate) });
  const codes = httpCodes(reading);
  const bypasses = reading.boolean('KUBERNETES_BYPASS_API_SERVICE') ?? !reading.has('KUBERNETES_BYPASS_API_SERVICE');
  return {
    kind: 'kubernetes',
    configuration: {
      role_label: reading.get('KUBERNETES_ROLE_LABEL') ?? 'spilo-role',
      leader_label_value: reading.get('KUBERNETES_LEADER_LABEL_VALUE') ?? 'master',
      standby_leader_label_value: reading.get('KUBERNETES_STANDBY_LEADER_LABEL_VALUE') ?? 'master',
      scope_label: reading.get('KUBERNETES_SCOPE_LABEL') ?? 'version',
      labels: labels(reading, 'KUBERNETES_LABELS', DEFAULT_LABELS),
      ...(Object.keys(bootstrapLabels).length === 0 ? {} : { bootstrap_labels: bootstrapLabels }),
      ...endpoints(reading, postgresPort),
      ...(bypasses ? { bypass_api_service: true } : {}),
      ...optional(reading, ['FOLLOWER_LABEL_VALUE', 'TMP_ROLE_LABEL', 'NAMESPACE', 'CACERT']),
      ...(codes === undefined ? {} : { retriable_http_codes: codes }),
    },
  };
}
