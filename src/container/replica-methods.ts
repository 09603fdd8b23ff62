/**
 * Names of replica methods in SPILO_CONFIGURATION: Spilo's two, and its old key for their list, by what stands for them
 * here. Patroni takes `create_replica_methods` before `create_replica_method`, so the old key alone would do nothing.
 *
 * Source: Spilo `configure_spilo.py` (template); Patroni `patroni/postgresql/__init__.py` (`create_replica_methods`).
 *
 * @module
 */

import type { ConfigMap, ConfigValue } from './container-plan.ts';
import type { Reading } from './reading.ts';
import { mapAt, valueAt, without, withValueAt } from './value-at.ts';

const OURS: Readonly<Record<string, string>> = { wal_e: 'walkback', basebackup_fast_xlog: 'basebackup' };
const THRESHOLDS = ['threshold_megabytes', 'threshold_backup_size_percentage'];
const OLD_LIST = ['postgresql', 'create_replica_method'];
const LIST = ['postgresql', 'create_replica_methods'];

function renamed(list: ConfigValue | undefined): ConfigValue | undefined {
  if (!Array.isArray(list)) return undefined;
  return list.map((name: ConfigValue) => (typeof name === 'string' ? (OURS[name] ?? name) : name));
}

/** The thresholds of Spilo's method, which may be all that somebody changes of it. */
function withThresholds(reading: Reading, user: ConfigMap): ConfigMap {
  const options = mapAt(user, 'postgresql', 'wal_e');
  const unknown = Object.keys(options).filter((key) => !THRESHOLDS.includes(key));
  if (unknown.length > 0)
    reading.refuse({
      of: 'SPILO_CONFIGURATION, postgresql.wal_e',
      found: `${unknown.join(', ')} ${unknown.length === 1 ? 'has' : 'have'} no meaning for walkback's way to make a replica`,
      remedy: `Keep ${THRESHOLDS.join(' and ')}, or take the section out.`,
    });
  const moved = Object.entries(options).reduce<ConfigMap>(
    (all, [key, value]) => withValueAt(all, ['postgresql', 'walkback', key], value),
    user,
  );
  return without(moved, 'postgresql', 'wal_e');
}

function refuseFastBackup(reading: Reading, user: ConfigMap): ConfigMap {
  const place = ['postgresql', 'basebackup_fast_xlog'];
  if (valueAt(user, ...place) === undefined) return user;
  reading.refuse({
    of: `SPILO_CONFIGURATION, ${place.join('.')}`,
    found: "replicas are copied from the leader by Patroni's own basebackup here",
    remedy: 'Take it out, or set postgresql.basebackup.',
  });
  return without(user, ...place);
}

/** The configuration with the names that mean something here. */
export function withOwnMethods(reading: Reading, user: ConfigMap): ConfigMap {
  const list = renamed(valueAt(user, ...LIST) ?? valueAt(user, ...OLD_LIST));
  const tidied = refuseFastBackup(reading, withThresholds(reading, without(user, ...OLD_LIST)));
  return list === undefined ? tidied : withValueAt(tidied, LIST, list);
}
