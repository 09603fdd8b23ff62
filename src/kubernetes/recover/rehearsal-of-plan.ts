/**
 * The rehearsal that a plan's recovery is made of: what it asks for, and under which name it is found again.
 *
 * @module
 */

import type { StepFacts } from '../../recovery/journal.ts';
import type {
  RehearsalFound,
  RehearsalPlace,
  RehearsalRef,
  RehearsalRequest,
  RehearsalWatch,
} from '../rehearse/rehearsal.ts';
import type { VolumePlan } from '../volume/volume-plan.ts';
import { factOf, type SwapContext } from './context.ts';
import { journalOwner } from './journal-object.ts';
import { liveShapeOf } from './live-shape.ts';
import { labelsOf } from '../rehearse/rehearsal-names.ts';
import type { NamespacePlan } from './plan-value.ts';

/** What the pod is told to make. */
export function volumePlanOf({ recovery, swap }: NamespacePlan): VolumePlan {
  const { id, majorVersion, target, replay, required, walLevel, space, backup, preconditions } = recovery;
  return {
    id,
    majorVersion,
    target,
    replay,
    required,
    walLevel,
    space,
    backup,
    systemIdentifier: preconditions.systemIdentifier,
    archivedTimelines: preconditions.archivedTimelines,
    user: swap.superuser,
    roles: swap.roles,
  };
}

function placeOf({ recovery, swap }: NamespacePlan): RehearsalPlace {
  if (swap.way === 'in-volume') return { kind: 'inVolume' };
  const labels = { ...swap.live.claim.metadata?.labels, ...labelsOf(recovery.id) };
  return { kind: 'newClaim', name: swap.rehearsalClaim, leastBytes: BigInt(swap.claimBytes), labels };
}

/** The request. */
export async function requestOf(context: SwapContext): Promise<RehearsalRequest> {
  const { uses, plan } = context;
  const { walkback, archive } = plan.swap;
  return {
    plan: volumePlanOf(plan),
    live: await liveShapeOf(context),
    place: placeOf(plan),
    walkback,
    archive,
    listens: true,
    owner: { ...(await journalOwner(uses.api, plan.recovery.id)) },
  };
}

/** What of a reference is kept in the journal. */
export function refFacts({ job, claim, claimUid }: RehearsalRef): StepFacts {
  return { job, claim, claimUid };
}

/** The rehearsal that was started. */
export function refOf(context: SwapContext): RehearsalRef {
  const { plan } = context;
  return {
    id: plan.recovery.id,
    job: factOf(context, 'startRehearsal', 'job'),
    claim: factOf(context, 'startRehearsal', 'claim'),
    claimUid: factOf(context, 'startRehearsal', 'claimUid'),
    place: placeOf(plan).kind,
  };
}

/** What there is of one whose start was broken off, or refused. */
export async function foundRehearsal({ uses, plan }: SwapContext): Promise<RehearsalFound> {
  const { kind: place, ...named } = placeOf(plan);
  const live = plan.swap.live.claim.metadata?.name ?? '';
  const claim = 'name' in named && named.name !== undefined ? named.name : live;
  return uses.rehearsals.find({ id: plan.recovery.id, claim, place });
}

/** The rehearsal that was started, with a Job that works: one that was given up, or removed, is followed by another. */
export async function workingRehearsal(context: SwapContext): Promise<RehearsalRef> {
  const ref = refOf(context);
  await context.uses.rehearsals.goOn(ref, await requestOf(context), watchOf(context));
  return ref;
}

/** Passes on what the pod says. */
export function watchOf({ uses }: SwapContext): RehearsalWatch {
  return {
    onSight: ({ status, trouble }) => {
      const progress = status?.progress;
      if (progress === null || progress === undefined) {
        if (trouble !== undefined) uses.onProgress({ phase: 'fetch', done: 0, unit: 'bytes', note: trouble.message });
        return;
      }
      const unit = UNITS.find((one) => one === progress.unit) ?? 'bytes';
      uses.onProgress({
        phase: progress.phase,
        done: progress.done,
        unit,
        ...(progress.total === null ? {} : { total: progress.total }),
        ...(progress.note === null ? {} : { note: progress.note }),
      });
    },
    ...(uses.signal === undefined ? {} : { signal: uses.signal }),
  };
}

const UNITS = ['bytes', 'segments', 'files', 'objects', 'members', 'microseconds'] as const;
