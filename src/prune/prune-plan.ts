/**
 * A plan of what goes and what stays, made before anything is touched.
 *
 * Its id is a digest of what goes: two plans with one id delete the same. Nothing in it is secret.
 *
 * @module
 */

import { createHash } from 'node:crypto';

import type { Backup } from '../backup/backup.ts';
import { readFreezeNote, type FreezeNote } from '../backup/freeze-note.ts';
import type { UnfinishedBackup } from '../backup/list-unfinished.ts';
import { indexFolder } from '../backup/own-objects.ts';
import type { OnProgress } from '../base/progress.ts';
import type { AfterDeletion, CallOptions, ObjectStore } from '../storage/object-store.ts';
import { backupFolder, sentinelKey } from '../walg/backup-names.ts';
import { decidePrune, type KeptBackup, type PromisedLine, type PruneDecision } from './decide-prune.ts';
import { gatherPruneFacts, type GatheredFacts } from './gather-facts.ts';
import { goingWal, segmentNameAt, type GoingObject } from './going-wal.ts';
import { checkPolicy, type KeepPolicy } from './keep-policy.ts';
import { NOTHING_IN_USE, type InUse } from './prune-facts.ts';

/** What is asked for. */
export interface PruneRequest {
  readonly policy: KeepPolicy;
  /** What recoveries need: it stays. */
  readonly inUse?: InUse;
  /** In ms since 1970. The present time unless told. */
  readonly nowMs?: number;
}

/** How many objects, and how many bytes of the store. */
export interface ObjectTotals {
  readonly objects: number;
  readonly sizeBytes: number;
}

/** A backup that goes. */
export interface GoingBackup extends ObjectTotals {
  readonly backup: Backup;
}

/** Segments of one timeline that go, without a gap but for those that are missing already. */
export interface GoingSegments {
  readonly timeline: number;
  readonly firstName: string;
  readonly lastName: string;
  readonly segmentCount: bigint;
}

/** What will go, and what will stay. */
export interface PrunePlan {
  readonly id: string;
  readonly createdAt: Date;
  readonly address: string;
  readonly policy: KeepPolicy;
  readonly inUse: InUse;
  /** Every moment from then on stays that can be reached now; −Infinity: all. */
  readonly promisedFromMs: number;
  readonly lines: readonly PromisedLine[];
  readonly kept: readonly KeptBackup[];
  readonly going: readonly GoingBackup[];
  readonly segments: readonly GoingSegments[];
  /** All that goes, the backups too. */
  readonly totals: ObjectTotals;
  /** Of ours, never finished or half removed: what is left of them goes. */
  readonly leftovers: readonly string[];
  /** Without a sentinel, and not ours: left alone. */
  readonly unfinished: readonly UnfinishedBackup[];
  /** True if no backup can be restored, so that nothing goes. */
  readonly hasNothingToRestore: boolean;
  /** What becomes of what goes: a store that keeps versions frees nothing yet. */
  readonly afterDeletion: AfterDeletion;
  /** While the archive is frozen, a plan can be made and not run. */
  readonly frozen: FreezeNote | undefined;
}

/** How to plan. */
export interface PlanPruneOptions extends CallOptions {
  readonly onProgress?: OnProgress;
}

/** A plan with what it was decided by. */
export interface DecidedPlan {
  readonly plan: PrunePlan;
  readonly gathered: GatheredFacts;
  readonly decision: PruneDecision;
}

/** Plans. Nothing is changed. @throws {Failure} `usage` for no policy, `refused` if it cannot be told what is needed. */
export async function planPrune(
  store: ObjectStore,
  request: PruneRequest,
  options: PlanPruneOptions = {},
): Promise<PrunePlan> {
  return (await decidePlan(store, request, options)).plan;
}

/** As {@link planPrune}. @param fromMs what is promised begins there. */
export async function decidePlan(
  store: ObjectStore,
  request: PruneRequest,
  options: PlanPruneOptions,
  fromMs?: number,
): Promise<DecidedPlan> {
  const { policy } = request;
  checkPolicy(policy);
  const nowMs = request.nowMs ?? Date.now();
  const { inUse = NOTHING_IN_USE } = request;
  const gathered = await gatherPruneFacts(store, { ...options, nowMs, inUse });
  const decision = decidePrune(gathered.facts, policy, fromMs);
  const going: GoingBackup[] = [];
  for (const backup of decision.going) {
    going.push({ backup, ...(await totalsOf(objectsOfBackup(store, backup.name, options))) });
  }
  const wal = await totalsOf(goingWal(store, gathered, decision, options), options.onProgress);
  const segments = goingSegments(gathered, decision);
  const { unfinished, abandoned, halfRemoved } = gathered.unfinished;
  const kept = new Set(decision.kept.map(({ backup }) => backup.name));
  const plan: PrunePlan = {
    id: digestOf(store.address, going, segments),
    createdAt: new Date(nowMs),
    address: store.address,
    policy,
    inUse,
    promisedFromMs: decision.promisedFromMs,
    lines: decision.lines,
    kept: decision.kept,
    going,
    segments,
    totals: [wal, ...going].reduce(sumOf, { objects: 0, sizeBytes: 0 }),
    leftovers: [...abandoned, ...halfRemoved.filter((name) => !kept.has(name))],
    unfinished,
    hasNothingToRestore: decision.hasNothingToRestore,
    afterDeletion: (await store.afterDeletion?.(options)) ?? 'gone',
    frozen: await readFreezeNote(store, options),
  };
  return { plan, gathered, decision };
}

function sumOf(a: ObjectTotals, b: ObjectTotals): ObjectTotals {
  return { objects: a.objects + b.objects, sizeBytes: a.sizeBytes + b.sizeBytes };
}

async function* objectsOfBackup(
  store: ObjectStore,
  name: string,
  options: CallOptions,
): AsyncGenerator<{ sizeBytes: number }> {
  yield* store.list(sentinelKey(name), options);
  for (const folder of [backupFolder(name), indexFolder(name)]) yield* store.list(folder, options);
}

async function totalsOf(
  objects: AsyncIterable<Pick<GoingObject, 'sizeBytes'>>,
  onProgress?: OnProgress,
): Promise<ObjectTotals> {
  let totals: ObjectTotals = { objects: 0, sizeBytes: 0 };
  for await (const { sizeBytes } of objects) {
    totals = sumOf(totals, { objects: 1, sizeBytes });
    onProgress?.({ phase: 'plan', done: totals.objects, unit: 'objects' });
  }
  return totals;
}

function goingSegments({ facts }: GatheredFacts, { neededWal, hasNothingToRestore }: PruneDecision): GoingSegments[] {
  if (hasNothingToRestore) return [];
  return facts.timelines.flatMap(({ timeline, segments }) =>
    neededWal.notNeededOf(timeline, segments).map(({ firstIndex, lastIndex }) => ({
      timeline,
      firstName: segmentNameAt(timeline, firstIndex, facts.segmentSizeBytes),
      lastName: segmentNameAt(timeline, lastIndex, facts.segmentSizeBytes),
      segmentCount: lastIndex - firstIndex + 1n,
    })),
  );
}

function digestOf(address: string, going: readonly GoingBackup[], segments: readonly GoingSegments[]): string {
  const names = going.map(({ backup }) => backup.name).toSorted();
  const ranges = segments.map(({ firstName, lastName }) => `${firstName}-${lastName}`);
  return createHash('sha256')
    .update(JSON.stringify([address, names, ranges]))
    .digest('hex')
    .slice(0, 12);
}
