/**
 * The archive that a step means, where a recovery changes it: before a *clone* opens, the cluster writes to one location, and
 * afterwards to another. What runs, and what was opened when the run began, may be on either side of that.
 *
 * @module
 */

import type { SwapContext } from './context.ts';

/** Does some work with the archive that the cluster writes before the new line has opened, or after. */
export async function inArchive<T>(
  context: SwapContext,
  when: 'before' | 'after',
  work: (context: SwapContext) => Promise<T>,
): Promise<T> {
  const { uses, plan } = context;
  const { clone } = plan.swap;
  const address = when === 'before' ? clone?.archive.from : clone?.archive.to;
  if (address === undefined || address === uses.store.address) return work(context);
  await using archive = await uses.archiveAt(address);
  // The archive is closed when this returns.
  return await work({ ...context, uses: { ...uses, store: archive.store } });
}
