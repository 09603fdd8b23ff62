import { describe, expect, it } from 'vitest';

import type { Pod } from './kubernetes-objects.ts';
import { isNodeAway, removeByHand } from './node-away.ts';

const PLACE = { context: 'prod', server: 'https://api.example.org', namespace: 'shop', user: 'ann' };
const NOW_MS = Date.parse('2026-06-05T15:00:00Z');

function podThat(given: {
  readonly isReady?: boolean;
  readonly isContainerReady?: boolean;
  readonly endsAt?: string;
}): Pod {
  const { isReady = true, isContainerReady = true, endsAt } = given;
  return {
    metadata: { name: 'db-1', ...(endsAt === undefined ? {} : { deletionTimestamp: endsAt }) },
    spec: { containers: [], nodeName: 'n2' },
    status: {
      phase: 'Running',
      conditions: [{ type: 'Ready', status: isReady ? 'True' : 'False' }],
      containerStatuses: [
        { name: 'db', image: 'x', imageID: '', ready: isContainerReady, restartCount: 0, state: { running: {} } },
      ],
    },
  };
}

describe('a pod whose node does not answer', () => {
  it('is not ready though its containers are, as the node controller leaves it', () => {
    expect(isNodeAway(podThat({ isReady: false }), NOW_MS)).toBe(true);
    expect(isNodeAway(podThat({ isReady: false, isContainerReady: false }), NOW_MS)).toBe(false);
    expect(isNodeAway(podThat({}), NOW_MS)).toBe(false);
  });

  it('is not one that waits for a readiness gate', () => {
    const pod = podThat({ isReady: false });
    const gated: Pod = { ...pod, spec: { containers: [], readinessGates: [{ conditionType: 'example.org/in' }] } };
    expect(isNodeAway(gated, NOW_MS)).toBe(false);
  });

  it('is there long after it should have ended, or is said to be lost', () => {
    expect(isNodeAway(podThat({ endsAt: '2026-06-05T14:50:00Z' }), NOW_MS)).toBe(true);
    expect(isNodeAway(podThat({ endsAt: '2026-06-05T15:00:30Z' }), NOW_MS)).toBe(false);
    expect(isNodeAway({ status: { phase: 'Running', reason: 'NodeLost' } }, NOW_MS)).toBe(true);
  });

  it('is removed by hand, by its name', () => {
    expect(removeByHand(PLACE, ['db-1'])).toMatch(
      /kubectl --context prod -n shop delete pod db-1 --force --grace-period=0$/,
    );
  });
});
