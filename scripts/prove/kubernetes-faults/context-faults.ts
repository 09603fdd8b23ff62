/**
 * Two namespaces that are confused: walkback is killed, and what is to be typed is typed in another namespace first, which has a
 * cluster of the same name.
 *
 * @module
 */

import type { StatefulSet } from '../../../src/kubernetes/api/kubernetes-objects.ts';
import { statefulSetRef } from '../../../src/kubernetes/recover/pods-gone.ts';
import type { TestNamespace } from '../../../tests/support/kubernetes/namespace.ts';
import type { FaultKind, Met } from './active-fault.ts';

/** The same cluster as far as its StatefulSet says it, without pods. */
async function makeTwin({ database }: Met['scene'], twin: TestNamespace): Promise<void> {
  const found = await database.api.get<StatefulSet>(statefulSetRef(database.name));
  const { labels, annotations } = found?.metadata ?? {};
  const metadata = { name: database.name, namespace: twin.name, labels, annotations };
  const spec = { ...found?.spec, replicas: 0 };
  await database.bed.apply([{ apiVersion: 'apps/v1', kind: 'StatefulSet', metadata, spec }]);
}

async function generationIn(twin: TestNamespace, name: string): Promise<string> {
  return twin.kubectl(['get', `statefulset/${name}`, '--output', 'jsonpath={.metadata.generation}']);
}

/** @throws if any of it is taken, or changes anything there. */
async function typeInTwin({ scene, watch }: Met): Promise<void> {
  const { database } = scene;
  await using twin = await database.bed.namespace('faults-twin');
  await makeTwin(scene, twin);
  const before = await generationIn(twin, database.name);
  const { state } = await watch.status();
  for (const line of [watch.runLine, ['undo', watch.id, '--yes'], ['release', watch.id, '--yes']]) {
    const { code, err } = await scene.run([...line, `--namespace=${twin.name}`]);
    const words = `${line.slice(0, 2).join(' ')} in another namespace ended with ${code}: ${err.slice(-300)}`;
    if (code === 0 || code === null || code === 70 || !err.includes(watch.id)) throw new Error(words);
  }
  const isTouched = (await generationIn(twin, database.name)) !== before || (await watch.status()).state !== state;
  if (isTouched) throw new Error('what was typed in another namespace has changed something');
}

/** It is refused there, and gone on with here. */
export const OTHER_NAMESPACE: FaultKind = {
  begin: async (met) => {
    met.kill();
    return { watcher: { before: () => ({ kind: 'reset' }) }, mend: async () => typeInTwin(met) };
  },
};
