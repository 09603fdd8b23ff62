import { describe, expect, it } from 'vitest';

import { startScriptedServer } from '../api/testing/api-server.ts';
import { namespacePlan } from '../carry/testing/namespace-plan.ts';
import { awaitLeader, type AwaitLeaderOptions } from './await-leader.ts';
import { patroniObjects } from './testing/cluster-objects.ts';
import { swapContext } from './testing/swap-context.ts';

/** Waits in a cluster in which these have the leader's lock, one after the other, each at one look; the last one from there on. */
async function awaited(leaders: readonly string[], options: AwaitLeaderOptions = {}) {
  let looks = 0;
  const answer = ({ path }: { readonly path: string }): unknown => {
    if (!path.endsWith('/shop-leader')) return { metadata: { name: 'other' } };
    const leader = leaders[Math.min(looks, leaders.length - 1)];
    looks += 1;
    return { metadata: { name: 'shop-leader', annotations: { leader } } };
  };
  await using server = await startScriptedServer(answer, { attemptIdleMs: 2000, callMs: 5000 });
  const { leader } = await awaitLeader(await swapContext(server.api, namespacePlan), patroniObjects, options);
  return { leader, looks };
}

describe("Patroni's lock", () => {
  it('is waited for: of a server that was promoted Patroni knows in its next round', async () => {
    expect(await awaited(['', '', 'shop-0'])).toEqual({ leader: 'shop-0', looks: 3 });
  });

  it('is told as soon as anybody has it, another one too', async () => {
    expect(await awaited(['shop-1', 'shop-0'])).toEqual({ leader: 'shop-1', looks: 1 });
  });

  it('is waited for until all else is settled', async () => {
    expect(await awaited(['shop-1', 'shop-0'], { isSettled: ({ leader }) => leader === 'shop-0' })).toMatchObject({
      looks: 2,
    });
  });

  it('is nobody’s in the end, if nobody takes it', async () => {
    expect(await awaited([''], { timeoutMs: 1 })).toMatchObject({ leader: undefined });
  });
});
