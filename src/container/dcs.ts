/**
 * Where Patroni keeps the cluster's keys, when that is not Kubernetes: etcd, Consul or ZooKeeper.
 *
 * Source: Spilo `configure_spilo.py` (`get_dcs_config`).
 *
 * @module
 */

import type { ConfigMap, ConfigValue } from './container-plan.ts';
import {
  DCS_ADDRESSES,
  DCS_KINDS,
  DCS_PARAMETERS,
  dcsVariable,
  isServiceLink,
  type DcsKind,
  type ParameterForm,
} from './dcs-parameters.ts';
import { markSecrets } from './mark-secrets.ts';
import { missingFile, type Reading } from './reading.ts';
import { Secret } from './secret.ts';
import { isMapping, parseUserYaml } from './user-yaml.ts';

/** A store of keys that the environment names: its key in Patroni's configuration, and what stands there. */
export interface FoundDcs {
  readonly kind: string;
  readonly configuration: ConfigMap;
}

/** `"a:1","b:2"`, `a:1,b:2`, or a list in YAML: as Spilo reads HOSTS. */
function listIn(text: string): readonly string[] | undefined {
  const isList = text.trim().startsWith('-') || text.includes('[');
  const read = parseUserYaml(isList ? text : `[${text}]`);
  const value = 'value' in read ? read.value : undefined;
  return Array.isArray(value) && value.length > 0 ? value.map(String) : undefined;
}

function mappingIn(text: string): ConfigMap | undefined {
  const read = parseUserYaml(text);
  return 'value' in read && isMapping(read.value) ? read.value : undefined;
}

function secretsIn(text: string): ConfigValue | undefined {
  const mapping = mappingIn(text);
  return mapping === undefined ? undefined : markSecrets(mapping, true);
}

function valueIn(text: string, form: ParameterForm): ConfigValue | undefined {
  const lower = text.trim().toLowerCase();
  switch (form) {
    case 'secret':
      return new Secret(text);
    case 'boolean':
      return lower === 'true' || lower === 'on' ? true : lower === 'false' || lower === 'off' ? false : undefined;
    case 'integer':
      return /^\d{1,9}$/.test(text) ? Number(text) : undefined;
    case 'list':
      return listIn(text);
    case 'mapping':
      return mappingIn(text);
    case 'secrets':
      return secretsIn(text);
    case 'text':
    case 'file':
      return text;
  }
}

const EXPECTED: Readonly<Record<ParameterForm, string>> = {
  text: 'text',
  secret: 'text',
  file: 'the path of a file',
  boolean: 'true or false',
  integer: 'a whole number',
  list: 'names with commas between them',
  mapping: 'a mapping in YAML or JSON',
  secrets: 'a mapping in YAML or JSON',
};

/** The variables of one store, without those of a Service that is called like it. */
function variablesOf(reading: Reading, kind: DcsKind): readonly string[] {
  const names = Object.keys(DCS_PARAMETERS[kind]).map((parameter) => dcsVariable(kind, parameter));
  return reading.setOf(names).filter((name) => !isServiceLink(name, reading.get(name) ?? ''));
}

function configurationOf(reading: Reading, kind: DcsKind): ConfigMap {
  const configuration: Record<string, ConfigValue> = {};
  for (const [parameter, form] of Object.entries(DCS_PARAMETERS[kind])) {
    const name = dcsVariable(kind, parameter);
    const text = reading.get(name);
    if (text === undefined || isServiceLink(name, text)) continue;
    const value = valueIn(text, form);
    if (value === undefined) {
      reading.refuse({
        of: name,
        found:
          form === 'secrets'
            ? `its value is not ${EXPECTED[form]}`
            : `it is ${JSON.stringify(text)}, and must be ${EXPECTED[form]}`,
        remedy: 'Correct it.',
      });
      continue;
    }
    if (form === 'file' && !reading.facts.canRead(text)) reading.refuse({ of: name, ...missingFile(text) });
    configuration[parameter === 'discovery_domain' || parameter === 'discovery_srv' ? 'srv' : parameter] = value;
  }
  return configuration;
}

/** The store of keys that variables name. `undefined`: none. What is wrong is in the reading's refusals. */
export function findDcs(reading: Reading): FoundDcs | undefined {
  const named = DCS_KINDS.filter((kind) => variablesOf(reading, kind).length > 0);
  const [kind, ...others] = named;
  if (kind === undefined) return undefined;
  if (others.length > 0)
    reading.refuse({
      of: named.flatMap((one) => variablesOf(reading, one)).join(', '),
      found: `they name several stores of keys, of which Spilo takes the first (${kind})`,
      remedy: 'Keep the variables of one.',
    });
  // Each of its variables is refused by its name.
  if (kind === 'exhibitor') return { kind, configuration: {} };
  const configuration = configurationOf(reading, kind);
  const addresses = DCS_ADDRESSES[kind].map((parameter) => dcsVariable(kind, parameter));
  if (reading.setOf(addresses).length === 0)
    reading.refuse({
      of: variablesOf(reading, kind).join(', '),
      found: `no variable says where ${kind} is`,
      remedy: `Set one of ${addresses.join(', ')}.`,
    });
  return { kind, configuration };
}
