/**
 * The end of a case: everything is as its state says, and the cluster is given back as it was for the next case.
 *
 * @module
 */

import type { FaultScene, RunEnd } from './fault-scene.ts';
import type { Watch } from './watch.ts';

/** The tail of what a failed run says. */
export function saidBy({ code, err, isHung }: RunEnd): string {
  const how = isHung ? 'did not end in time' : `ended with ${code}`;
  return `${how}: ${err.trim().split('\n').slice(-12).join(' | ').slice(-900)}`;
}

/** What is wrong with the rows that whoever leads has; `undefined`: there is to be no table. */
export async function wrongRows(scene: FaultScene, state: string, rows: number | undefined): Promise<string[]> {
  const found = await scene.countRows().catch((error: unknown) => `no answer: ${String(error)}`);
  return found === rows ? [] : [`${state}, and orders has ${found ?? 'no'} rows, not ${rows ?? 'gone'}`];
}

/** What is wrong with a recovery, or a reset, that is over. */
export async function wrongAtEnd(scene: FaultScene, watch: Watch, wanted: readonly string[]): Promise<string[]> {
  const { state } = await watch.status();
  if (!wanted.includes(state)) return [`it ended ${state}, and not ${wanted.join(' or ')}`];
  return [...(await wrongRows(scene, state, watch.rowsIn(state))), ...(await watch.look())];
}

/** Undone, and what it keeps released: the cluster is as it was before. @throws if that does not work. */
export async function giveBack(scene: FaultScene, watch: Watch): Promise<void> {
  const typed = async (...args: readonly string[]): Promise<void> => {
    const end = await scene.run(args);
    if (end.code !== 0) throw new Error(`${args.join(' ')} ${saidBy(end)}`);
  };
  const { state } = await watch.status();
  if (state === 'recovered') await typed('undo', watch.id, '--yes');
  if (state === 'recovered' || state === 'undone') await typed('release', watch.id, '--yes');
  const isPlanOfReset = watch.runLine[0] === 'cluster';
  if (!isPlanOfReset && (state === 'planned' || state === 'standing')) await typed('rehearse', '--discard', watch.id);
}
