/**
 * A release of a chart on the bed, and what can be asked of it.
 *
 * @module
 */

import { join } from 'node:path';

import { until } from '../../../tests/support/archived-cluster.ts';
import type { Bed } from '../../../tests/support/kubernetes/bed.ts';
import type { BedArchive } from '../../../tests/support/kubernetes/bed-archive.ts';
import type { BedImage } from '../../../tests/support/kubernetes/bed-image.ts';
import type { TestNamespace } from '../../../tests/support/kubernetes/namespace.ts';
import { ROOT } from '../../toolchain.mjs';
import type { ChartArchive } from './chart-archives.ts';

/** The charts. */
export const CHARTS = join(ROOT, 'deploy', 'helm');
/** A chart of the shape that the seed's releases have, and a values file of theirs. */
export const SEED_CHART = join(ROOT, 'tests', 'support', 'kubernetes', 'seed-chart');
export const SEED_VALUES = join(ROOT, 'tests', 'support', 'kubernetes', 'seed-values.yaml');

/** What cases work with. */
export interface HelmBed {
  readonly bed: Bed;
  readonly image: BedImage;
  readonly archive: BedArchive;
  readonly log: (line: string) => void;
}

/** What a place decides: image, storage class, bucket and where it is. `below` is the subchart's name, with a dot, or nothing. */
export function placeFlags(image: BedImage, archive: ChartArchive, below: string): readonly string[] {
  const place = {
    'image.repository': image.repository,
    'image.tag': image.tag,
    'image.pullPolicy': 'Never',
    'persistentVolume.storageClass': 'dir',
  };
  return Object.entries({ ...place, ...archive.values }).flatMap(([path, value]) => [
    value === 'true' ? '--set' : '--set-string',
    `${below}${path}=${value}`,
  ]);
}

/** Statements in one pod of a release, as its superuser. */
export async function sqlIn(namespace: TestNamespace, pod: string, text: string): Promise<string> {
  const words = ['exec', pod, '--container', 'patroni', '--', 'psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-c', text];
  return (await namespace.kubectl(words)).trim();
}

/** The pod that has the leader's label, waited for until it can be written to. */
export async function leaderOf(namespace: TestNamespace, app: string, withinMs = 600_000): Promise<string> {
  const query = ['get', 'pods', '--selector', `app=${app},spilo-role=master`, '--output', 'name'];
  let found = '';
  await until(
    `${app} has a leader`,
    async () => {
      found = (await namespace.kubectl(query)).trim().replace(/^pod\//, '');
      if (found === '' || found.includes('\n')) return false;
      return sqlIn(namespace, found, 'select pg_is_in_recovery()').then(
        (answer) => answer === 'f',
        () => false,
      );
    },
    withinMs,
    500,
  );
  return found;
}

/** Does something in a namespace. @throws what it threw, with what the pods there have to say. */
export async function withLogs<T>(namespace: TestNamespace, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const ask = (...words: readonly string[]): Promise<string> => namespace.kubectl(words).catch(String);
    const names = (await ask('get', 'pods', '-o', 'name')).trim().split('\n');
    const logs = await Promise.all(names.map(async (name) => `${name}:\n${await ask('logs', '--tail=25', name)}`));
    const seen = [await ask('get', 'pods', '-o', 'wide'), await ask('get', 'events'), ...logs];
    throw new Error(seen.join('\n'), { cause: error });
  }
}
