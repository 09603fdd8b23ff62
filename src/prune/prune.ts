/**
 * Runs a plan: what it names goes, and only that.
 *
 * The archive is looked at again first, with the same promise, and the plan is refused if anything else would go now. The
 * order: backups, each by its sentinel first and before what it builds on ({@link removeBackups}); then WAL, oldest
 * first; then what this program kept about it. So it can end anywhere: every backup that is listed can be restored then,
 * and the next run goes on. An archive that is frozen meanwhile stops it, and so does a backup that is marked as
 * permanent, and a delta that comes to build on one that goes.
 *
 * @module
 */

import { refuseIfFrozen } from '../backup/freeze-note.ts';
import { finishRemoval, refuseIfKept, removeBackups } from '../backup/removal.ts';
import { cleanLeftovers } from '../backup/running-marker.ts';
import { Failure } from '../base/failure.ts';
import type { OnProgress } from '../base/progress.ts';
import type { CallOptions, ObjectStore } from '../storage/object-store.ts';
import { goingWal } from './going-wal.ts';
import { decidePlan, type DecidedPlan, type ObjectTotals, type PrunePlan, type PruneRequest } from './prune-plan.ts';

/** How to run a plan. */
export interface RunPruneOptions extends CallOptions {
  /** What a recovery needs by now. */
  readonly inUse?: PruneRequest['inUse'];
  readonly onProgress?: OnProgress;
}

/** What went. */
export interface PruneReport extends ObjectTotals {
  readonly backups: readonly string[];
  readonly segmentCount: number;
  readonly leftovers: readonly string[];
}

const KEYS_AT_ONCE = 500;

/** Runs. @throws {Failure} `conflict` if the archive is not as it was, `refused` if it is frozen. */
export async function runPrune(
  store: ObjectStore,
  plan: PrunePlan,
  options: RunPruneOptions = {},
): Promise<PruneReport> {
  await refuseIfFrozen(store, 'prune', options);
  const { policy, createdAt, inUse } = plan;
  const request: PruneRequest = { policy, nowMs: createdAt.getTime(), inUse: options.inUse ?? inUse };
  const { signal } = options;
  const again = await decidePlan(store, request, signal === undefined ? {} : { signal }, plan.promisedFromMs);
  if (again.plan.id !== plan.id) {
    throw new Failure('conflict', {
      message: `cannot prune as planned: what would go now (plan ${again.plan.id}) is not what was shown (plan ${plan.id})`,
      remedy: 'Make the plan again and look at it.',
    });
  }
  return new Run(store, again, options).run();
}

class Run {
  readonly #store: ObjectStore;
  readonly #decided: DecidedPlan;
  readonly #options: RunPruneOptions;
  #objects = 0;
  #sizeBytes = 0;

  constructor(store: ObjectStore, decided: DecidedPlan, options: RunPruneOptions) {
    this.#store = store;
    this.#decided = decided;
    this.#options = options;
  }

  async run(): Promise<PruneReport> {
    const { plan } = this.#decided;
    const leftovers = await this.#finishOthers();
    const totals = new Map(plan.going.map((one) => [one.backup.name, one]));
    await removeBackups(
      this.#store,
      plan.going.map(({ backup }) => backup),
      {
        ...this.#callOptions(),
        beforeSentinels: (names) => this.#mayRemove(names),
        beforeRest: () => this.#refuseIfFrozen(),
        onRemoved: (name) => this.#count(totals.get(name)),
      },
    );
    await this.#deleteWal();
    const backups = plan.going.map(({ backup }) => backup.name);
    const segmentCount = plan.segments.reduce((sum, range) => sum + Number(range.segmentCount), 0);
    return { backups, segmentCount, leftovers, objects: this.#objects, sizeBytes: this.#sizeBytes };
  }

  /** What earlier runs, and killed backups of ours, have left. */
  async #finishOthers(): Promise<string[]> {
    const { halfRemoved } = this.#decided.gathered.unfinished;
    const going = new Set(this.#decided.plan.going.map(({ backup }) => backup.name));
    for (const name of halfRemoved.filter((one) => !going.has(one))) {
      await this.#refuseIfFrozen();
      await finishRemoval(this.#store, name);
    }
    await this.#refuseIfFrozen();
    const cleaned = await cleanLeftovers(this.#store, new Date());
    return [...halfRemoved, ...cleaned];
  }

  async #mayRemove(names: readonly string[]): Promise<void> {
    await this.#refuseIfFrozen();
    await refuseIfKept(this.#store, names, 'prune further', this.#callOptions());
  }

  async #deleteWal(): Promise<void> {
    const { gathered, decision } = this.#decided;
    let batch: string[] = [];
    let sizeBytes = 0;
    const flush = async (): Promise<void> => {
      if (batch.length === 0) return;
      this.#options.signal?.throwIfAborted();
      await this.#refuseIfFrozen();
      await this.#store.delete(batch, this.#callOptions());
      this.#count({ objects: batch.length, sizeBytes });
      batch = [];
      sizeBytes = 0;
    };
    for await (const object of goingWal(this.#store, gathered, decision, this.#callOptions())) {
      batch.push(object.key);
      sizeBytes += object.sizeBytes;
      if (batch.length >= KEYS_AT_ONCE) await flush();
    }
    await flush();
  }

  #count(totals: ObjectTotals | undefined): void {
    this.#objects += totals?.objects ?? 0;
    this.#sizeBytes += totals?.sizeBytes ?? 0;
    const total = this.#decided.plan.totals.objects;
    this.#options.onProgress?.({
      phase: 'prune',
      done: this.#objects,
      total: Math.max(total, this.#objects),
      unit: 'objects',
    });
  }

  async #refuseIfFrozen(): Promise<void> {
    await refuseIfFrozen(this.#store, 'prune further', this.#callOptions());
  }

  #callOptions(): CallOptions {
    const { signal } = this.#options;
    return signal === undefined ? {} : { signal };
  }
}
