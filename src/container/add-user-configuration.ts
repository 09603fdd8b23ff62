/**
 * Puts what people give over what the container makes, and looks at the result: two answers to one question are refused.
 *
 * @module
 */

import type { ConfigMap, ConfigValue, PlannedUsers } from './container-plan.ts';
import { mergeConfiguration } from './merge-configuration.ts';
import type { Reading } from './reading.ts';
import { valueAt, without, withValueAt } from './value-at.ts';

const NAME = 'SPILO_CONFIGURATION';
const DCS_KEYS = ['etcd', 'etcd3', 'consul', 'zookeeper', 'exhibitor', 'kubernetes', 'raft'];

/** What the environment says and the configuration must not say otherwise. */
const DECIDED: readonly (readonly [keys: readonly string[], by: string])[] = [
  [['scope'], 'SCOPE'],
  [['postgresql', 'data_dir'], 'PGDATA'],
  [['namespace'], 'NAMESPACE'],
];

function shown(value: ConfigValue | undefined): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : 'not set';
}

function checkDecided(reading: Reading, user: ConfigMap, own: ConfigMap): void {
  for (const [keys, by] of DECIDED) {
    const value = valueAt(user, ...keys);
    if (value === undefined || value === null || value === valueAt(own, ...keys)) continue;
    reading.refuse({
      of: `${NAME}, ${keys.join('.')}`,
      found: `it is ${shown(value)}, and ${by} makes it ${shown(valueAt(own, ...keys))}`,
      remedy: `Take it out, and set ${by}.`,
    });
  }
  const method = valueAt(user, 'bootstrap', 'method');
  const ownMethod = valueAt(own, 'bootstrap', 'method');
  if (method !== undefined && ownMethod !== undefined && method !== ownMethod)
    reading.refuse({
      of: `${NAME}, bootstrap.method`,
      found: `it is ${shown(method)}, and CLONE_METHOD asks for a clone, which would not be made`,
      remedy: 'Take one of the two out.',
    });
}

/** Commands that the archive depends on, replaced by others. */
function warnOfCommands(reading: Reading, user: ConfigMap): void {
  const places = [
    ['postgresql', 'parameters', 'archive_command'],
    ['bootstrap', 'dcs', 'postgresql', 'parameters', 'archive_command'],
    ['postgresql', 'recovery_conf', 'restore_command'],
  ];
  for (const keys of places) {
    if (valueAt(user, ...keys) !== undefined)
      reading.warn(`${NAME}, ${keys.join('.')}, stands in place of walkback's own: the agent then sees nothing of it`);
  }
}

/** A replication connection must be let in, whatever the lines are that somebody gives. Source: Spilo, `main`. */
function withReplicationLine(configuration: ConfigMap, users: PlannedUsers): ConfigMap {
  const place = ['bootstrap', 'pg_hba'];
  const lines = valueAt(configuration, ...place);
  if (
    !Array.isArray(lines) ||
    lines.some((line: ConfigValue) => typeof line === 'string' && line.includes('replication'))
  )
    return configuration;
  return withValueAt(configuration, place, [`hostssl replication ${users.replication.name} all md5`, ...lines]);
}

function checkStores(reading: Reading, configuration: ConfigMap): void {
  const stores = DCS_KEYS.filter((key) => valueAt(configuration, key) !== undefined);
  if (stores.length === 1) return;
  reading.refuse(
    stores.length === 0
      ? {
          of: 'the environment',
          found:
            'it does not say where the keys of the cluster are; Spilo would start an etcd of its own in the container',
          remedy:
            'Set DCS_ENABLE_KUBERNETES_API=true in Kubernetes, otherwise ETCD3_HOSTS, CONSUL_HOST or ZOOKEEPER_HOSTS.',
        }
      : {
          of: NAME,
          found: `${stores.join(', ')} are all there as places of the cluster's keys, and Patroni takes one of them`,
          remedy: 'Keep one.',
        },
  );
}

/** The whole configuration. `user`: with names of methods as they are here. */
export function addUserConfiguration(
  reading: Reading,
  user: ConfigMap,
  own: ConfigMap,
  users: PlannedUsers,
): ConfigMap {
  checkDecided(reading, user, own);
  warnOfCommands(reading, user);
  // bin_dir was looked at: the data directory's major decides over it.
  const given = without(without(user, 'postgresql', 'bin_dir'), 'bootstrap', 'users');
  const merged = withReplicationLine(mergeConfiguration(given, own), users);
  checkStores(reading, merged);
  return merged;
}
