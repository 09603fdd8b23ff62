/**
 * What prune decides, beside what the model does.
 *
 * @module
 */

import { decidePrune, type PruneDecision } from '../../../src/prune/decide-prune.ts';
import { backupName, factsOf, policyOf, timeOf } from './as-facts.ts';
import {
  isReachable,
  isRestorable,
  nameOf,
  whatStays,
  wholeState,
  type ModelKeeps,
  type ModelPolicy,
  type ModelState,
} from './keep-model.ts';
import type { LivedArchive } from './lived-archive.ts';

/** How the two compare. */
export interface Comparison {
  readonly differences: readonly string[];
  readonly went: number;
  readonly stayed: number;
}

/** Compares them. */
export function compareDecision(archive: LivedArchive, policy: ModelPolicy): Comparison {
  const decision = decidePrune(factsOf(archive), policyOf(policy));
  const keeps = whatStays(archive, policy);
  const after = stateAfter(archive, decision);
  const total = archive.backups.length + archive.segments.length;
  const stayed = after.backups.size + after.segments.size;
  return {
    differences: [
      ...beginDiffers(keeps, decision),
      ...otherObjects(keeps, after),
      ...brokenPromises(archive, keeps.fromHour, after),
    ],
    went: total - stayed,
    stayed,
  };
}

function beginDiffers({ fromHour }: ModelKeeps, { promisedFromMs }: PruneDecision): string[] {
  const expected = Number.isFinite(fromHour) ? timeOf(fromHour) : fromHour;
  return expected === promisedFromMs ? [] : [`promised from ${promisedFromMs}, not ${expected}`];
}

function stateAfter(archive: LivedArchive, { kept, neededWal }: PruneDecision): ModelState {
  const names = new Set(kept.map(({ backup }) => backup.name));
  return {
    archive,
    backups: new Set(archive.backups.filter((one) => names.has(backupName(one)))),
    segments: new Set(
      archive.segments.filter(({ timeline, index }) => neededWal.needs(timeline, BigInt(index))).map(nameOf),
    ),
  };
}

/** Exactly what the model lets stay. */
export function otherObjects(keeps: ModelKeeps, after: Pick<ModelState, 'backups' | 'segments'>): string[] {
  const lost = (name: string): string => `${name} went and is needed`;
  const idle = (name: string): string => `${name} stays and could go`;
  return [
    ...[...keeps.backups.difference(after.backups)].map((one) => lost(backupName(one))),
    ...[...after.backups.difference(keeps.backups)].map((one) => idle(backupName(one))),
    ...[...keeps.segments.difference(after.segments)].map(lost),
    ...[...after.segments.difference(keeps.segments)].map(idle),
  ];
}

/** Moments that could be reached and are promised, and backups that could be restored and are there still. */
export function brokenPromises(archive: LivedArchive, fromHour: number, after: ModelState): string[] {
  const before = wholeState(archive);
  const moments = archive.segments.filter(
    (segment) => segment.writtenHour >= fromHour && isReachable(before, segment) && !isReachable(after, segment),
  );
  const backups = [...after.backups].filter((one) => isRestorable(before, one) && !isRestorable(after, one));
  return [
    ...moments.map((segment) => `the moment at the end of ${nameOf(segment)} cannot be reached any more`),
    ...backups.map((one) => `${backupName(one)} is listed and cannot be restored any more`),
  ];
}
