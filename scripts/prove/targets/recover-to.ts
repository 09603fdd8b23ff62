/**
 * Recovers to a target, by rehearsal or all the way and back, and compares every table with the oracle.
 *
 * @module
 */

import { connect } from '../../../src/instance/connection.ts';
import { privateConnection } from '../../../src/instance/private-server.ts';
import { cutOver, discard, openRecovery, rehearse, undo } from '../../../src/recovery/recover.ts';
import { rehearsalServer } from '../../../src/recovery/recovery-context.ts';
import type { RecoveryContext } from '../../../src/recovery/recovery-context.ts';
import { differencesFrom, stateAfter, type Asked } from '../../../tests/support/oracle.ts';
import type { ChosenTarget } from './choose-target.ts';
import type { WrittenCluster } from './written-cluster.ts';

async function differencesInRehearsal(
  context: RecoveryContext,
  cluster: WrittenCluster,
  commits: number,
): Promise<string[]> {
  await using connection = await connect(privateConnection(rehearsalServer(context, 'false')));
  const asked: Asked = { query: async (text) => ({ rows: await connection.query(text) }) };
  return differencesFrom(asked, stateAfter(cluster.commits, commits));
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
  const recovered = await differencesInLive(cluster, chosen.commits);
  await undo(recovery.context);
  return [
    ...labelled('recovered', recovered),
    ...labelled('undone', await differencesInLive(cluster, cluster.commits.length)),
  ];
}
