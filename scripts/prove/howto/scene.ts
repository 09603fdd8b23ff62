/**
 * What the page is typed at: a cluster as the chart installs it, an application, rows, and a table that is dropped.
 *
 * @module
 */

import { join } from 'node:path';
import { writeFile } from 'node:fs/promises';

import type { TestNamespace } from '../../../tests/support/kubernetes/namespace.ts';
import { givenBucket } from '../helm/chart-archives.ts';
import { CHARTS, leaderOf, placeFlags, SEED_VALUES, sqlIn, withLogs, type HelmBed } from '../helm/release.ts';

/** The StatefulSet, by the page's own name. */
export const APP = 'cas-metabase-patroni';
const RELEASE = 'cas-metabase';
const ROWS = 1_000;

/** The scene. Disposing removes it. */
export interface Scene extends AsyncDisposable {
  readonly namespace: TestNamespace;
  /** How many rows the table has; -1: there is none. */
  rows(): Promise<number>;
  /** Variables by which oc is in the namespace, as after `oc project`. */
  context(): Promise<Readonly<Record<string, string>>>;
}

/** An application that uses the database; here it does nothing but be scaled. */
function application(): object {
  const labels = { app: 'shop' };
  const container = { name: 'shop', image: 'k8sbed.local/pause:1', imagePullPolicy: 'Never' };
  const spec = {
    replicas: 2,
    selector: { matchLabels: labels },
    template: { metadata: { labels }, spec: { containers: [container] } },
  };
  return { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'shop' }, spec };
}

async function lose(namespace: TestNamespace): Promise<void> {
  const leader = await leaderOf(namespace, APP);
  const say = (text: string): Promise<string> => sqlIn(namespace, leader, text);
  await say(`create table orders as select id, md5(id::text) as note from generate_series(1, ${ROWS}) as id`);
  await say('create table customers as select 1 as id');
  await say('drop table orders');
  await say('insert into customers values (2)');
  // A quiet server archives its last segment after half an hour; a person would wait for that, or do this.
  await say('select pg_switch_wal()');
}

/** Sets it. */
export async function startScene(given: HelmBed): Promise<Scene> {
  const namespace = await given.bed.namespace('a-howto', { isProject: true });
  try {
    const archive = givenBucket(given.archive);
    await archive.prepare(namespace);
    const flags = [
      '--values',
      SEED_VALUES,
      ...placeFlags(given.image, archive, 'patroni.'),
      '--set',
      'patroni.replicaCount=2',
    ];
    await namespace.helm(['install', RELEASE, join(CHARTS, 'cas-postgres'), ...flags]);
    await namespace.kubectl(['apply', '--filename', '-'], JSON.stringify(application()));
    await withLogs(namespace, () => namespace.helm(['test', RELEASE, '--timeout', '10m']));
    await lose(namespace);
  } catch (error) {
    await namespace[Symbol.asyncDispose]();
    throw error;
  }
  return {
    namespace,
    rows: async () => {
      const leader = await leaderOf(namespace, APP);
      if ((await sqlIn(namespace, leader, "select to_regclass('orders') is null")) === 't') return -1;
      return Number(await sqlIn(namespace, leader, 'select count(*) from orders'));
    },
    context: async () => {
      const file = join(given.bed.state, `${namespace.name}.conf`);
      const text = await given.bed.kubectl(['config', 'view', '--raw', '--minify', '-o', 'json']);
      const config: { contexts: { context: Record<string, string> }[] } = JSON.parse(text);
      for (const { context } of config.contexts) context['namespace'] = namespace.name;
      await writeFile(file, JSON.stringify(config), { mode: 0o600 });
      return { KUBECONFIG: file };
    },
    [Symbol.asyncDispose]: () => namespace[Symbol.asyncDispose](),
  };
}
