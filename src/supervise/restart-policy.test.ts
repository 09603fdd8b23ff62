import { describe, expect, it } from 'vitest';

import { AGENT_RESTARTS, afterEnd, PATRONI_RESTARTS } from './restart-policy.ts';

describe('the pauses between restarts', () => {
  it('grow, and stay at the last one', () => {
    const policy = { pausesMs: [1, 2, 3] };
    expect([1, 2, 3, 4, 99].map((ends) => afterEnd(policy, ends))).toEqual(
      [1, 2, 3, 3, 3].map((pauseMs) => ({ kind: 'restart', pauseMs })),
    );
  });

  it('end where a policy gives up', () => {
    expect(afterEnd({ pausesMs: [1], giveUpAfter: 2 }, 1)).toEqual({ kind: 'restart', pauseMs: 1 });
    expect(afterEnd({ pausesMs: [1], giveUpAfter: 2 }, 2)).toEqual({ kind: 'giveUp' });
  });

  it('are growing for both children, and only Patroni is given up', () => {
    for (const { pausesMs } of [PATRONI_RESTARTS, AGENT_RESTARTS]) {
      expect(pausesMs).toEqual(pausesMs.toSorted((a, b) => a - b));
    }
    expect(afterEnd(PATRONI_RESTARTS, 5)).toEqual({ kind: 'giveUp' });
    expect(afterEnd(AGENT_RESTARTS, 10_000)).toEqual({ kind: 'restart', pauseMs: 60_000 });
  });
});
