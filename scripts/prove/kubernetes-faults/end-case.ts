/**
 * The end of a case: everything is as its state says, and the cluster is given back as it was for the next case.
 *
 * @module
 */

import { ROWS_AT_TARGET, type FaultScene, type RunEnd } from './fault-scene.ts';
import type { RecoveryWatch } from './recovery-watch.ts';

/** The tail of what a failed run says. */
export function saidBy({ code, err, isHung }: RunEnd): string {
  const how = isHung ? 'did not end in time' : `ended with ${code}`;
  return `${how}: ${err.trim().split('\n').slice(-12).join(' | ').slice(-900)}`;
}

/** What is wrong with a recovery that is over. */
export async function wrongAtEnd(
  scene: FaultScene,
  watch: RecoveryWatch,
  wanted: readonly string[],
): Promise<string[]> {
  const { state } = await watch.status();
  if (!wanted.includes(state)) return [`it ended ${state}, and not ${wanted.join(' or ')}`];
  const rows = state === 'recovered' ? ROWS_AT_TARGET : watch.rowsBefore;
  const found = await scene.countRows().catch((error: unknown) => `no answer: ${String(error)}`);
  return [...(found === rows ? [] : [`${state}, and orders has ${found} rows, not ${rows}`]), ...(await watch.look())];
}

/** Undone, and what it keeps released: the cluster is as it was before. @throws if that does not work. */
export async function giveBack(scene: FaultScene, watch: RecoveryWatch): Promise<void> {
  const typed = async (...args: readonly string[]): Promise<void> => {
    const end = await scene.run(args);
    if (end.code !== 0) throw new Error(`${args.join(' ')} ${saidBy(end)}`);
  };
  const { state } = await watch.status();
  if (state === 'recovered') await typed('undo', watch.id, '--yes');
  if (state === 'recovered' || state === 'undone') await typed('release', watch.id, '--yes');
  if (state === 'planned' || state === 'standing') await typed('rehearse', '--discard', watch.id);
}
