/**
 * Roles that will log in otherwise once a rehearsal in a namespace is swapped in. The rehearsal is asked by a check, which any
 * version of walkback in its pod can run: what it answers are digests under a salt of this one comparison, of hashes that are on
 * its own volume.
 *
 * @module
 */

import { Failure } from '../../base/failure.ts';
import { queryText } from '../../instance/connection.ts';
import { factsOf, type StepFacts } from '../../recovery/journal.ts';
import { newerFacts, roleFacts } from '../../recovery/role-facts.ts';
import type { RehearsalRef } from '../rehearse/rehearsal.ts';
import type { SwapContext } from './context.ts';
import { readPatroniState } from './patroni-objects.ts';
import type { SwapPlan } from './plan-value.ts';
import { connectToPod, podServer } from './pod-server.ts';
import { watchOf } from './rehearsal-of-plan.ts';
import { isRunning } from './survey.ts';

/** The pod that takes writes; `undefined`: none runs. */
async function livePod(context: SwapContext): Promise<string | undefined> {
  const { patroni, statefulSet } = context.plan.swap;
  const pod = patroni === null ? `${statefulSet.name}-0` : (await readPatroniState(context.uses.api, patroni)).leader;
  return pod !== undefined && (await isRunning(context, pod)) ? pod : undefined;
}

async function askRehearsal(context: SwapContext, ref: RehearsalRef, sql: string): Promise<string | undefined> {
  const checks = { checks: [{ name: 'roles', sql }], database: 'postgres', isWritable: false };
  const [result] = await context.uses.rehearsals.check(ref, checks, watchOf(context));
  const value = result?.rows[0]?.['roles'];
  if (result?.passed === true && typeof value === 'string') return value;
  throw new Failure('failed', {
    message: `cannot read the roles of the rehearsal: ${result?.problems.join('; ') ?? 'no answer'}`,
    remedy: 'Compare pg_authid of both by hand.',
  });
}

/** Those whose password is set before the data go live, and those that the image sets behind that. */
function setAgainBy({ roles, rolesSetAgain = [] }: SwapPlan): string[] {
  return [...roles.filter(({ password }) => password !== null).map(({ user }) => user), ...rolesSetAgain];
}

/** Compares a standing rehearsal with the pod that takes writes. */
export async function compareRoles(context: SwapContext, ref: RehearsalRef): Promise<StepFacts> {
  const facts = await roleFacts({
    live: async (query) => {
      const pod = await livePod(context);
      if (pod === undefined) return undefined;
      await using connection = await connectToPod(podServer(context), pod);
      // The connection is closed when this returns.
      return await queryText(connection, query);
    },
    rehearsed: (query) => askRehearsal(context, ref, query),
    setAgain: setAgainBy(context.plan.swap),
  });
  context.uses.signal?.throwIfAborted();
  return facts;
}

/** Compares one that stands already: roles of the live cluster may have changed since. */
export async function compareRolesAgain(context: SwapContext, ref: RehearsalRef): Promise<void> {
  const { journal } = context;
  const facts = newerFacts(factsOf(journal.entries, 'awaitRehearsal') ?? {}, await compareRoles(context, ref));
  if (facts !== undefined) await journal.append({ event: 'done', step: 'awaitRehearsal', facts });
}
