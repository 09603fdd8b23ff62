/**
 * A member that joins a cluster of an older major than the newest of its image, and PGVERSION not set: as after an upgrade of a release
 * to an image of two majors, on a scale-up, or in place of a volume that was lost.
 */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { startBed } from '../support/kubernetes/bed.ts';
import { startPatroniDatabase, type PatroniDatabase } from '../support/kubernetes/patroni-database.ts';
import { until } from '../support/archived-cluster.ts';

const bed = await startBed();

describe.skipIf(bed === undefined)('a cluster of the older major of its image', () => {
  let database: PatroniDatabase;

  const versionOf = async (pod: string): Promise<string> => {
    const client = await database.connect(pod);
    try {
      const { rows } = await client.query<{ major: string }>(
        "SELECT current_setting('server_version_num')::int / 10000 || ' ' || pg_is_in_recovery() AS major",
      );
      return rows[0]?.major ?? '';
    } finally {
      await client.end();
    }
  };
  const isReady = async (pod: string): Promise<boolean> =>
    database.namespace
      .kubectl(['get', 'pod', pod, '--output', 'jsonpath={.status.containerStatuses[0].ready}'])
      .then((text) => text === 'true')
      .catch(() => false);

  beforeAll(async () => {
    if (bed === undefined) return;
    database = await startPatroniDatabase(bed, { replicas: 1, prefix: 'k-majors', variables: { PGVERSION: '15' } });
    await database.untilLeader();
  }, 900_000);
  afterAll(async () => database?.[Symbol.asyncDispose](), 200_000);

  it('gets members of its own major once nothing names one', async () => {
    const { namespace, name } = database;
    expect(await versionOf(await database.untilLeader())).toBe('15 false');
    await namespace.kubectl(['set', 'env', `statefulset/${name}`, 'PGVERSION-']);
    await namespace.kubectl(['scale', `statefulset/${name}`, '--replicas=2']);
    await until('the new member is ready', async () => isReady(`${name}-1`), 300_000);
    expect(await versionOf(`${name}-1`)).toBe('15 true');
    expect(await namespace.kubectl(['logs', `${name}-1`])).toContain('PostgreSQL 15 is started, not 17');
  }, 600_000);
});
