/**
 * Rehearsals for traps: brought to their target, looked into, thrown away.
 *
 * @module
 */

import { connect, type Row } from '../../../src/instance/connection.ts';
import { privateConnection, type PrivateServer } from '../../../src/instance/private-server.ts';
import type { Plan } from '../../../src/recovery/plan-value.ts';
import { cutOver, discard, openRecovery, rehearse, undo } from '../../../src/recovery/recover.ts';
import { rehearsalServer, type RecoveryContext } from '../../../src/recovery/recovery-context.ts';
import type { Recoverable } from '../../../tests/support/recoverable.ts';

/** A rehearsal that stands at its target. */
export interface Standing {
  readonly context: RecoveryContext;
  readonly server: PrivateServer;
}

/** Statements in a connection of their own; the last one's rows. */
export async function ask(server: PrivateServer, text: string, database?: string): Promise<Row[]> {
  await using connection = await connect(privateConnection(server, database));
  return await connection.query(text);
}

/** The first column of the first row. */
export async function askOne(server: PrivateServer, text: string): Promise<string | null | undefined> {
  return Object.values((await ask(server, text))[0] ?? {})[0];
}

/** Rehearses, gives the rehearsal to `work`, and throws it away. */
export async function rehearsed<T>(
  live: Recoverable,
  plan: Plan,
  work: (standing: Standing) => Promise<T>,
): Promise<T> {
  await using recovery = await openRecovery(live.uses, plan.id);
  const { context } = recovery;
  await rehearse(context);
  try {
    return await work({ context, server: rehearsalServer(context, 'exit 199') });
  } finally {
    await discard(context);
  }
}

/** Rehearses and swaps in. */
export async function recovered(live: Recoverable, plan: Plan): Promise<void> {
  await using recovery = await openRecovery(live.uses, plan.id);
  await rehearse(recovery.context);
  await cutOver(recovery.context);
}

/** Takes a recovery back. */
export async function undone(live: Recoverable, plan: Plan): Promise<void> {
  await using recovery = await openRecovery(live.uses, plan.id);
  await undo(recovery.context);
}
