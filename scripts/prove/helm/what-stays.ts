/**
 * What an upgrade of a release must leave as it is.
 *
 * @module
 */

import type { TestNamespace } from '../../../tests/support/kubernetes/namespace.ts';
import { leaderOf, sqlIn } from './release.ts';

/** Rows of the table that must stay. */
export const ROWS = 5_000;

const WRITE = `create table kept as select id, md5(id::text) as note from generate_series(1, ${ROWS}) as id; checkpoint;`;

/** Makes the table that must stay. */
export async function writeKept(namespace: TestNamespace, app: string): Promise<void> {
  await sqlIn(namespace, await leaderOf(namespace, app), WRITE);
}

/** All of it, by what it is called. */
export async function whatStays(namespace: TestNamespace, app: string): Promise<Readonly<Record<string, string>>> {
  const get = (path: string, ...words: readonly string[]): Promise<string> =>
    namespace.kubectl(['get', ...words, '--output', `jsonpath=${path}`]);
  const leader = await leaderOf(namespace, app);
  const container = '{.spec.template.spec.containers[?(@.name=="patroni")]';
  return {
    'the StatefulSet': await get('{.metadata.uid}', 'statefulset', app),
    'the claims': await get('{range .items[*]}{.metadata.name} {.metadata.uid} {.spec.volumeName}\n{end}', 'pvc'),
    'the passwords': await get('{.data}', 'secret', app),
    'the Services': await get(
      '{range .items[*]}{.metadata.name} {.metadata.uid}\n{end}',
      'service',
      '--field-selector',
      `metadata.name=${app}`,
    ),
    'the address of the archive': await get(`${container}.env[?(@.name=="WALE_GS_PREFIX")].value}`, 'statefulset', app),
    'the claims’ template': await get('{.spec.volumeClaimTemplates[*].metadata.name}', 'statefulset', app),
    'the order of pods': await get('{.spec.podManagementPolicy}', 'statefulset', app),
    'the rows': await sqlIn(namespace, leader, `select count(*), md5(string_agg(note, ',' order by id)) from kept`),
    'the system': await sqlIn(namespace, leader, 'select system_identifier from pg_control_system()'),
  };
}

/** What has changed, in words; what was nothing before is no proof, and is told too. */
export function changesOf(
  before: Readonly<Record<string, string>>,
  after: Readonly<Record<string, string>>,
): readonly string[] {
  return Object.keys(before)
    .filter((what) => before[what] !== after[what] || before[what] === '')
    .map((what) => `${what}: ${before[what] ?? ''} became ${after[what] ?? ''}`);
}
