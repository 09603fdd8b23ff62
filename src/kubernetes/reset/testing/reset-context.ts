/**
 * A reset at work on an API, for tests of its steps: as a recovery at work (`recover/testing/swap-context.ts`).
 *
 * @module
 */

import type { KubernetesApi } from '../../api/kubernetes-api.ts';
import { namespacePlan } from '../../carry/testing/namespace-plan.ts';
import type { ResetEntry } from '../../recover/journal-object.ts';
import type { PlannedMember, WorkedOn } from '../../recover/plan-value.ts';
import { swapContext } from '../../recover/testing/swap-context.ts';
import type { ResetContext, ResetUses } from '../context.ts';

/** What is as the test needs it. */
export interface ResetGiven {
  readonly swap?: Partial<WorkedOn>;
  readonly uses?: Partial<ResetUses>;
}

/** One. @param given what is otherwise than of a cluster without Patroni, whose first member leads. */
export async function resetContext(
  api: KubernetesApi,
  members: readonly PlannedMember[],
  { swap = {}, uses = {} }: ResetGiven = {},
): Promise<ResetContext> {
  const entries: ResetEntry[] = [];
  const { uses: common } = await swapContext(api, namespacePlan, [], uses);
  const { context, server, namespace, statefulSet, leader, live, superuser } = namespacePlan.swap;
  const { archiveAt: archiveNow } = common;
  return {
    uses: { ...common, archiveNow: async () => archiveNow(''), ...uses },
    plan: {
      version: 1,
      recovery: { id: '7f3a', createdAt: '2026-06-05T15:10:00.000Z' },
      swap: {
        context,
        server,
        namespace,
        statefulSet,
        leader,
        live,
        superuser,
        members,
        patroni: null,
        restarts: [],
        drift: [],
        ...swap,
      },
      reset: { systemIdentifier: '1', archive: { from: 'a', to: 'b', variables: [] }, jobs: [] },
    },
    journal: {
      entries,
      append: async (entry) => void entries.push({ at: '2026-11-30T03:00:00Z', ...entry }),
      [Symbol.asyncDispose]: async () => {},
    },
  };
}
