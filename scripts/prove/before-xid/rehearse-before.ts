/**
 * Rehearses the moment just before a transaction, as `--before-xid` gives it, and compares it with the oracle.
 *
 * @module
 */

import { isFailure, messageOf } from '../../../src/base/failure.ts';
import { requireTarget } from '../../../src/cli/target-options.ts';
import { connect } from '../../../src/instance/connection.ts';
import { privateConnection } from '../../../src/instance/private-server.ts';
import type { AskedTarget } from '../../../src/recovery/asked-target.ts';
import { discard, openRecovery, rehearse } from '../../../src/recovery/recover.ts';
import { rehearsalServer, type RecoveryContext } from '../../../src/recovery/recovery-context.ts';
import { differencesInRehearsal } from '../targets/recover-to.ts';
import { ROWS_IN_DROPPED, type Mark, type MarkedCluster } from './marked-cluster.ts';

/** What the option means. */
export function beforeXid(xid: number): AskedTarget {
  return requireTarget({
    toTime: undefined,
    toLsn: undefined,
    toXid: undefined,
    beforeXid: xid,
    afterXid: undefined,
    beforeDrop: undefined,
    beforeDelete: undefined,
    toName: undefined,
    toLatest: false,
    inclusive: false,
    exclusive: false,
  });
}

async function differencesInDropped(context: RecoveryContext, database: string): Promise<string[]> {
  try {
    await using connection = await connect(privateConnection(rehearsalServer(context, 'false'), database));
    const [row] = await connection.query('SELECT count(*)::text AS rows FROM inside');
    const { rows } = row ?? {};
    return rows === String(ROWS_IN_DROPPED) ? [] : [`${database}: ${rows} rows of ${ROWS_IN_DROPPED}`];
  } catch (error) {
    return [`${database} cannot be read: ${messageOf(error)}`];
  }
}

/** Everything in which the moment before the transaction differs from what the oracle says. */
export async function rehearseBefore(cluster: MarkedCluster, mark: Mark): Promise<string[]> {
  const plan = await cluster.live.plan(beforeXid(mark.xid));
  await using recovery = await openRecovery(cluster.live.uses, plan.id);
  await rehearse(recovery.context);
  const differences = await differencesInRehearsal(recovery.context, cluster, mark.commits);
  if (mark.database !== undefined) differences.push(...(await differencesInDropped(recovery.context, mark.database)));
  await discard(recovery.context);
  return differences;
}

/** A subtransaction that was rolled back is no place to stop before: the plan must be refused. */
export async function refusalBefore(cluster: MarkedCluster, { xid }: Mark): Promise<string[]> {
  try {
    await cluster.live.plan(beforeXid(xid));
  } catch (error) {
    if (isFailure(error, 'refused')) return [];
    throw error;
  }
  return [`the rolled-back subtransaction ${xid} was taken for a target`];
}
