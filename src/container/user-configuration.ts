/**
 * SPILO_CONFIGURATION (or PATRONI_CONFIGURATION): what is in it, with its secrets marked, and what cannot be in it here.
 *
 * @module
 */

import type { ConfigMap, ConfigValue } from './container-plan.ts';
import { markSecrets } from './mark-secrets.ts';
import type { Reading } from './reading.ts';
import { isMapping, parseUserYaml } from './user-yaml.ts';
import { mapAt, valueAt } from './value-at.ts';

const NAMES = ['SPILO_CONFIGURATION', 'PATRONI_CONFIGURATION'] as const;
/** Programs of Spilo's image. */
const FOREIGN = /(^|[\s'"=])(\/scripts\/\S*|envdir|wal-e|chpst)(?=$|[\s'"])/;

/** Every text in a configuration, with the keys that lead to it. */
function textsOf(value: ConfigValue, path: readonly string[] = []): readonly (readonly [string, string])[] {
  if (typeof value === 'string') return [[path.join('.'), value]];
  if (Array.isArray(value)) return value.flatMap((one: ConfigValue) => textsOf(one, path));
  if (!isMapping(value)) return [];
  return Object.entries(value).flatMap(([key, one]) => textsOf(one, [...path, key]));
}

interface Rule {
  readonly keys: readonly string[];
  readonly found: string;
  readonly remedy: string;
}

const CLONE_RECOVERY: Pick<Rule, 'found' | 'remedy'> = {
  found: 'walkback itself recovers a clone to its target and opens it, so Patroni must not recover it again',
  remedy: 'Take it out. The target is set by CLONE_TARGET_TIME, CLONE_TARGET_INCLUSIVE and CLONE_TARGET_TIMELINE.',
};

const NOT_HERE: readonly Rule[] = ['clone_with_wale', 'clone_with_basebackup'].flatMap((method) =>
  ['recovery_conf', 'keep_existing_recovery_conf', 'no_params'].map((key) => ({
    keys: ['bootstrap', method, key],
    ...CLONE_RECOVERY,
  })),
);

function checkForeign(reading: Reading, name: string, configuration: ConfigMap): void {
  for (const [path, text] of textsOf(configuration)) {
    const program = FOREIGN.exec(text)?.[2];
    if (program === undefined) continue;
    reading.refuse({
      of: `${name}, ${path}`,
      found: `it calls ${program}, which is a part of Spilo's image`,
      remedy: 'Take it out: what it did is done by walkback. docs/reference/container.md tells how.',
    });
  }
}

function checkTargets(reading: Reading, name: string, configuration: ConfigMap): void {
  const targets = Object.keys(mapAt(configuration, 'postgresql', 'recovery_conf')).filter((key) =>
    key.startsWith('recovery_target'),
  );
  if (targets.length === 0) return;
  reading.refuse({
    of: `${name}, postgresql.recovery_conf`,
    found: `Patroni passes over ${targets.join(', ')}, so the recovery would have no target`,
    remedy:
      'Take them out. To begin at a moment, set CLONE_METHOD and CLONE_TARGET_TIME; to go back to one: walkback recover plan.',
  });
}

function check(reading: Reading, name: string, configuration: ConfigMap): void {
  checkForeign(reading, name, configuration);
  checkTargets(reading, name, configuration);
  for (const { keys, found, remedy } of NOT_HERE) {
    if (valueAt(configuration, ...keys) !== undefined)
      reading.refuse({ of: `${name}, ${keys.join('.')}`, found, remedy });
  }
}

/** What it holds; empty if there is none. What is wrong is in the reading's refusals. */
export function readUserConfiguration(reading: Reading): ConfigMap {
  const [name, other] = reading.setOf(NAMES);
  if (name === undefined) return {};
  if (other !== undefined)
    reading.refuse({
      of: NAMES.join(' and '),
      found: `both are set, and Spilo passes over ${other}`,
      remedy: `Put all of it into ${name}.`,
    });
  const read = parseUserYaml(reading.get(name) ?? '');
  if ('problem' in read) {
    reading.refuse({ of: name, found: `it is no YAML: ${read.problem}`, remedy: 'Correct it.' });
    return {};
  }
  if (read.value === null) return {};
  const value = markSecrets(read.value, false);
  if (!isMapping(value)) {
    reading.refuse({
      of: name,
      found: 'it is no mapping',
      remedy: "Write it as Patroni's configuration: keys with values.",
    });
    return {};
  }
  check(reading, name, value);
  return value;
}
