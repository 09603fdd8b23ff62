import { describe, expect, it } from 'vitest';

import { refuse, startScriptedServer, type Answer } from '../api/testing/api-server.ts';
import { namespacePlan } from '../carry/testing/namespace-plan.ts';
import type { RecoveryWay } from '../find/rights.ts';
import { cutoverSwapSteps } from './cutover-steps.ts';
import type { NamespacePlan } from './plan-value.ts';
import { plannedMember } from './testing/planned-member.ts';
import { swapContext } from './testing/swap-context.ts';
import { undoSwapSteps } from './undo-steps.ts';

const MEMBER = plannedMember(0);

function planned(way: RecoveryWay): NamespacePlan {
  return { ...namespacePlan, swap: { ...namespacePlan.swap, way, members: [MEMBER] } };
}

/** An API in which this user may do nothing with PersistentVolumes. */
const withoutVolumes: Answer = ({ path }, response) =>
  path.startsWith('/api/v1/persistentvolumes/')
    ? refuse(response, 403, 'Forbidden', 'persistentvolumes is forbidden')
    : {
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        metadata: { name: MEMBER.claim },
        spec: { volumeName: 'pv-0' },
      };

describe('a user without rights on PersistentVolumes', () => {
  it.each(['in-volume', 'recreate'] as const)('comes to the end of a recovery by %s, and of its undo', async (way) => {
    await using server = await startScriptedServer(withoutVolumes, { attemptIdleMs: 2000, callMs: 5000 });
    const survey = { at: '', event: 'done', step: 'survey', facts: { wasPaused: false } } as const;
    const context = await swapContext(server.api, planned(way), [survey]);
    expect(await cutoverSwapSteps.settle.do(context)).toEqual({});
    expect(await undoSwapSteps.undoSettle.do(context)).toEqual({});
  });

  it('is told so where volumes are exchanged', async () => {
    await using server = await startScriptedServer(withoutVolumes, { attemptIdleMs: 2000, callMs: 5000 });
    const context = await swapContext(server.api, planned('rebind'));
    await expect(cutoverSwapSteps.settle.do(context)).rejects.toMatchObject({ kind: 'denied' });
  });
});
