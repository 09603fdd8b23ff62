/**
 * Which values of a chart make of a StatefulSet what a recovery has made of it: the next upgrade would put anything else back.
 *
 * @module
 */

import type { StatefulSet } from '../api/kubernetes-objects.ts';

/** `ours`: deploy/helm; `before`: the chart patroni 0.x, which ran Spilo under the same names. `undefined`: any other, or none. */
type KnownChart = 'ours' | 'before' | undefined;

function knownChart({ metadata }: StatefulSet): KnownChart {
  const [, major] = /^patroni-(\d+)\./.exec(metadata?.labels?.['chart'] ?? '') ?? [];
  return major === undefined ? undefined : major === '0' ? 'before' : 'ours';
}

/** Spilo's names of an address, which our `walE.prefix` writes by the address's scheme. */
const PREFIX = /^(?:WALE_(?:S3|GS)_PREFIX|WALG_(?:AZ|SSH|FILE)_PREFIX)$/;

function valueOf(chart: KnownChart, name: string, value: string): string {
  if (chart === 'ours' && PREFIX.test(name)) return `walE.prefix=${value}`;
  const [, folder] = /^gs:\/\/[^/]+\/(.+)$/.exec(value) ?? [];
  if (chart === 'before' && name === 'WALE_GS_PREFIX' && folder !== undefined)
    return `walE.gcsBucketBackupLocation=${folder}`;
  return chart === undefined ? `${name}=${value}` : `env.${name}=${value}`;
}

/** The charts that are known are used inside cas-postgres as well, where their values have a name before them. */
function inside(chart: KnownChart): string {
  return chart === undefined ? '' : ' (in cas-postgres below patroni:)';
}

/** What is to be set for variables to stay: `walE.prefix=gs://bucket/wal-7f3a (in cas-postgres below patroni:)`. */
export function valuesOfVariables(statefulSet: StatefulSet, variables: Readonly<Record<string, string>>): string {
  const chart = knownChart(statefulSet);
  const values = Object.entries(variables).map(([name, value]) => valueOf(chart, name, value));
  return `${values.join(' and ')}${inside(chart)}`;
}

/** What is to be done for a claim template of another name to stay. */
export function claimTemplateAdvice(statefulSet: StatefulSet, name: string): string {
  const chart = knownChart(statefulSet);
  const value = `persistentVolume.claimTemplate=${name}`;
  if (chart === 'ours') return `set ${value}${inside(chart)}`;
  return chart === 'before'
    ? `this chart has no value for it: go over to walkback's chart of the same name, with ${value}${inside(chart)}`
    : `set the value by which its chart names that template to ${name}, if it has one`;
}
