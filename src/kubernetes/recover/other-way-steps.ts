/**
 * The ways that need no right on volumes: *in-volume*, a rename in the live claim, and *recreate*, the StatefulSet made anew
 * around the rehearsal's claim.
 *
 * @module
 */

import { Failure, isFailure } from '../../base/failure.ts';
import type { StepFacts } from '../../recovery/journal.ts';
import type { PersistentVolumeClaim, StatefulSet } from '../api/kubernetes-objects.ts';
import { claimsInPlay, type SwapContext } from './context.ts';
import { claimRef, removeClaim } from './exchange-claim.ts';
import { journalOwner } from './journal-object.ts';
import { liveShapeOf } from './live-shape.ts';
import { everyClaim } from './plan-value.ts';
import { checkStillDown, statefulSetRef } from './pods-gone.ts';
import { savedObject } from './save-objects.ts';
import { watchOf } from './rehearsal-of-plan.ts';

const GONE_MS = 60_000;

/** A short Job in the live claim: live → kept, rehearsal → live; or back. */
export async function renameInVolume(context: SwapContext, back: boolean): Promise<StepFacts> {
  const { uses, plan } = context;
  const { id } = plan.recovery;
  const { walkback, archive, statefulSet } = plan.swap;
  await checkStillDown(uses.api, statefulSet.name, []);
  const [result] = await uses.rehearsals.run(
    {
      name: `${id}-${back ? 'back' : 'swap'}`,
      live: await liveShapeOf(context),
      walkback,
      archive,
      owner: { ...(await journalOwner(uses.api, id)) },
      tasks: [{ do: 'swap', id, back }],
    },
    watchOf(context),
  );
  return { wasDone: result?.did === 'swap' && result.wasDone };
}

/**
 * Claims of replicas, and those that a scale-down has left, are removed, as the plan has said by name: what they hold is a copy of what
 * the first member keeps, and would be served again.
 */
export async function removeReplicaClaims(context: SwapContext): Promise<StepFacts> {
  const { api } = context.uses;
  const { statefulSet } = context.plan.swap;
  const claims = everyClaim(context.plan.swap);
  await checkStillDown(
    api,
    statefulSet.name,
    claims.map(({ claim }) => claim),
  );
  const removed: string[] = [];
  for (const { claim, ordinal } of claims) {
    if (ordinal === 0) continue;
    const found = await api.get<PersistentVolumeClaim>(claimRef(claim));
    if (found === undefined) continue;
    await removeClaim(api, claim, found.spec?.volumeName ?? '');
    removed.push(claim);
  }
  return { removed: removed.join(', ') };
}

/** The claim template of a StatefulSet made anew, by which its members find the rehearsed volume. */
export function recreatedTemplate(id: string): string {
  return `walkback-${id}`;
}

/** What the server fills in, and a creation must not carry. */
function newObject(saved: StatefulSet, replicas: number): StatefulSet {
  const { name, namespace, labels, annotations } = saved.metadata ?? {};
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: {
      ...(name === undefined ? {} : { name }),
      ...(namespace === undefined ? {} : { namespace }),
      ...(labels === undefined ? {} : { labels }),
      ...(annotations === undefined ? {} : { annotations }),
    },
    ...(saved.spec === undefined ? {} : { spec: { ...saved.spec, replicas } }),
  };
}

/** The StatefulSet with another claim template for its data, with no replicas. */
export function withTemplate(saved: StatefulSet, from: string, to: string): StatefulSet {
  const made = newObject(saved, 0);
  const { spec } = made;
  if (spec === undefined) return made;
  const rename = (name: string | undefined): string | undefined => (name === from ? to : name);
  const renamed = <T extends { name?: string }>(one: T): T => ({ ...one, ...(one.name === from ? { name: to } : {}) });
  const containers = (
    list: typeof spec.template.spec extends infer P ? (P extends { containers: infer C } ? C : never) : never,
  ) => list.map((container) => ({ ...container, volumeMounts: (container.volumeMounts ?? []).map(renamed) }));
  const templates = (spec.volumeClaimTemplates ?? []).map((template) => {
    const name = rename(template.metadata?.name);
    const { labels, annotations } = template.metadata ?? {};
    return {
      ...template,
      metadata: {
        ...(name === undefined ? {} : { name }),
        ...(labels === undefined ? {} : { labels }),
        ...(annotations === undefined ? {} : { annotations }),
      },
    };
  });
  const pod = spec.template.spec;
  if (pod === undefined) return made;
  const template = {
    ...spec.template,
    spec: {
      ...pod,
      containers: containers(pod.containers),
      ...(pod.initContainers === undefined ? {} : { initContainers: containers(pod.initContainers) }),
    },
  };
  return { ...made, spec: { ...spec, replicas: 0, volumeClaimTemplates: templates, template } };
}

function templateNames(statefulSet: StatefulSet | undefined): readonly (string | undefined)[] {
  return statefulSet?.spec?.volumeClaimTemplates?.map(({ metadata }) => metadata?.name) ?? [];
}

/** Makes the StatefulSet anew around another claim template. Nothing of its pods or claims is touched: there are no pods. */
export async function recreateStatefulSet(context: SwapContext, back: boolean): Promise<StepFacts> {
  const { api } = context.uses;
  const { id } = context.plan.recovery;
  const { statefulSet, claimTemplate } = context.plan.swap;
  const ref = statefulSetRef(statefulSet.name);
  const saved = await savedObject<StatefulSet>(api, id, ref);
  const wanted = back ? newObject(saved, 0) : withTemplate(saved, claimTemplate, recreatedTemplate(id));
  const name = back ? claimTemplate : recreatedTemplate(id);
  const now = await api.get<StatefulSet>(ref);
  // One that an earlier run has told to go is made anew as well.
  const isGoing = now?.metadata?.deletionTimestamp !== undefined;
  if (templateNames(now).includes(name) && !isGoing) return { template: name };
  if (now !== undefined) {
    await checkStillDown(api, statefulSet.name, claimsInPlay(context));
    const uid = now.metadata?.uid;
    await api.delete(ref, { propagation: 'Orphan', ...(uid === undefined ? {} : { uid }) });
    await api.until<StatefulSet>(
      ref,
      `StatefulSet ${statefulSet.name} to be gone`,
      (found) => found?.metadata?.uid !== uid,
      {
        timeoutMs: GONE_MS,
      },
    );
  }
  await api.create(wanted).catch((error: unknown) => {
    if (!isFailure(error, 'conflict')) throw error;
  });
  const made = await api.get<StatefulSet>(ref);
  if (templateNames(made).includes(name)) return { template: name };
  throw new Failure('conflict', {
    message: `cannot make the StatefulSet ${statefulSet.name} anew: somebody else has made it meanwhile`,
    remedy: 'Find out who does (GitOps, a Helm upgrade), stop that, and go on.',
  });
}
