/**
 * Recovers to a target, by rehearsal or all the way and back, and compares every table with the oracle.
 *
 * @module
 */

import { connect, sqlStateOf } from '../../../src/instance/connection.ts';
import { privateConnection, type PrivateServer } from '../../../src/instance/private-server.ts';
import { cutOver, discard, openRecovery, rehearse, undo } from '../../../src/recovery/recover.ts';
import { rehearsalServer } from '../../../src/recovery/recovery-context.ts';
import type { RecoveryContext } from '../../../src/recovery/recovery-context.ts';
import { withWritableCopy } from '../../../src/recovery/writable-copy.ts';
import { differencesFrom, stateAfter, type Asked } from '../../../tests/support/oracle.ts';
import type { ChosenTarget } from './choose-target.ts';
import type { WrittenCluster } from './written-cluster.ts';

const LOCK_NOT_AVAILABLE = '55P03';

async function differencesOn(
  server: PrivateServer,
  cluster: Pick<WrittenCluster, 'commits'>,
  commits: number,
): Promise<string[]> {
  await using connection = await connect(privateConnection(server));
  await connection.query('SET lock_timeout = 1000');
  const asked: Asked = { query: async (text) => ({ rows: await connection.query(text) }) };
  return await differencesFrom(asked, stateAfter(cluster.commits, commits));
}

/** A transaction that was prepared at the target keeps its locks over a promotion: it is rolled back on the copy. */
async function rollBackPrepared(server: PrivateServer): Promise<void> {
  await using connection = await connect(privateConnection(server));
  const rows = await connection.query("SELECT format('ROLLBACK PREPARED %L', gid) AS line FROM pg_prepared_xacts");
  for (const { line } of rows) await connection.query(line ?? '');
}

/** Where the target holds a table's lock (its DDL had not committed), the tables are compared in a promoted copy. */
export async function differencesInRehearsal(
  context: RecoveryContext,
  cluster: Pick<WrittenCluster, 'commits'>,
  commits: number,
): Promise<string[]> {
  try {
    return await differencesOn(rehearsalServer(context, 'false'), cluster, commits);
  } catch (error) {
    if (sqlStateOf(error) !== LOCK_NOT_AVAILABLE) throw error;
    return withWritableCopy(context, async (server) => {
      await rollBackPrepared(server);
      return differencesOn(server, cluster, commits);
    });
  }
}

/** As on the copy: what was prepared at the target holds its locks until somebody decides. */
async function decidePrepared(cluster: WrittenCluster): Promise<void> {
  const rows = await cluster.live.server.sql<{ line: string }>(
    "SELECT format('ROLLBACK PREPARED %L', gid) AS line FROM pg_prepared_xacts",
  );
  for (const { line } of rows) await cluster.live.server.sql(line);
}

async function differencesInLive(cluster: WrittenCluster, commits: number): Promise<string[]> {
  const client = await cluster.live.server.connect();
  try {
    return await differencesFrom(client, stateAfter(cluster.commits, commits));
  } finally {
    await client.end();
  }
}

const labelled = (label: string, differences: readonly string[]): string[] =>
  differences.map((difference) => `${label}: ${difference}`);

/** Looks at the moment beside the live cluster, and throws the rehearsal away. */
export async function rehearseTo(cluster: WrittenCluster, chosen: ChosenTarget): Promise<string[]> {
  const plan = await cluster.live.plan(chosen.target);
  await using recovery = await openRecovery(cluster.live.uses, plan.id);
  await rehearse(recovery.context);
  const rehearsed = await differencesInRehearsal(recovery.context, cluster, chosen.commits);
  await discard(recovery.context);
  return [
    ...labelled('rehearsal', rehearsed),
    ...labelled('live', await differencesInLive(cluster, cluster.commits.length)),
  ];
}

/** Takes the live cluster there, looks, and takes it back. */
export async function recoverToAndUndo(cluster: WrittenCluster, chosen: ChosenTarget): Promise<string[]> {
  const plan = await cluster.live.plan(chosen.target);
  await using recovery = await openRecovery(cluster.live.uses, plan.id);
  await rehearse(recovery.context);
  await cutOver(recovery.context);
  await decidePrepared(cluster);
  const recovered = await differencesInLive(cluster, chosen.commits);
  await undo(recovery.context);
  return [
    ...labelled('recovered', recovered),
    ...labelled('undone', await differencesInLive(cluster, cluster.commits.length)),
  ];
}
