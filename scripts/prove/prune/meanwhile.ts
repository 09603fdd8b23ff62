/**
 * What others do while a plan is run: a server that was thought to be gone archives again, and a delta is begun, or even
 * ended, on a backup that goes.
 *
 * @module
 */

import { wrappedStore } from '../../../src/archive/testing/wrapped-store.ts';
import { segmentBytes } from '../../../src/archive/testing/segment-bytes.ts';
import { isFailure } from '../../../src/base/failure.ts';
import { refuseIfGoing } from '../../../src/backup/removal.ts';
import { markRunning, type OwnMarker } from '../../../src/backup/running-marker.ts';
import type { ObjectStore } from '../../../src/storage/object-store.ts';
import { sentinelKey } from '../../../src/walg/backup-names.ts';
import { formatSentinel } from '../../../src/walg/sentinel.ts';
import { walObjectKey } from '../../../src/walg/object-names.ts';
import type { Random } from '../../../tests/support/random.ts';
import { SEGMENT_SIZE, SYSTEM_IDENTIFIER, backupName, segmentName } from './as-facts.ts';
import type { LivedArchive, LivedBackup } from './lived-archive.ts';
import { sentinelOf } from './real-archive.ts';

const HEADER_BYTES = 64;

/** Something that happens once, in the middle of a run. */
export class Meanwhile {
  readonly #store: ObjectStore;
  readonly #archive: LivedArchive;
  readonly #random: Random;
  readonly #keys: string[] = [];
  #marker: OwnMarker | undefined;
  #parent: LivedBackup | undefined;

  constructor(store: ObjectStore, archive: LivedArchive, random: Random) {
    this.#store = store;
    this.#archive = archive;
    this.#random = random;
  }

  /** The store as the run sees it: before a random call of those that change something, it happens. */
  storeFor(changes: number): ObjectStore {
    let left = this.#random.between(0, changes);
    const before = async (): Promise<void> => {
      left -= 1;
      if (left === -1) await this.#happen();
    };
    return wrappedStore(this.#store, {
      address: this.#store.address,
      put: async (...asked) => before().then(() => this.#store.put(...asked)),
      delete: async (keys, options) => {
        for (const key of keys) await before().then(() => this.#store.delete([key], options));
      },
    });
  }

  async #happen(): Promise<void> {
    const choice = this.#random.between(0, 2);
    const parent = this.#archive.backups.length === 0 ? undefined : this.#random.pick(this.#archive.backups);
    if (choice === 0 || parent === undefined) await this.#archiveAgain();
    else await this.#takeDelta(parent, choice === 2);
  }

  async #archiveAgain(): Promise<void> {
    const { segments } = this.#archive;
    if (segments.length === 0) return;
    const { timeline } = this.#random.pick(segments);
    const last = Math.max(...segments.filter((one) => one.timeline === timeline).map(({ index }) => index));
    for (const index of [last + 1, last + 2]) {
      const name = segmentName(timeline, index);
      const bytes = segmentBytes({ name, sizeBytes: SEGMENT_SIZE, systemIdentifier: SYSTEM_IDENTIFIER });
      await this.#store.put(walObjectKey(name, 'none'), bytes.subarray(0, HEADER_BYTES));
      this.#keys.push(walObjectKey(name, 'none'));
    }
  }

  /** As `takeBackup` does: the marker, a look at what is being deleted, and at the end the sentinel. */
  async #takeDelta(parent: LivedBackup, isEnded: boolean): Promise<void> {
    if ((await this.#store.stat(sentinelKey(backupName(parent)))) === undefined) return;
    const start = parent.finish + 1000;
    const child: LivedBackup = { ...parent, parent, start, finish: start + 0.2, isPermanent: false, isDamaged: false };
    const name = backupName(child);
    const marker = await markRunning(this.#store, name, new Date(), backupName(parent));
    try {
      await refuseIfGoing(this.#store, [backupName(parent)]);
    } catch (error) {
      await marker.remove();
      if (isFailure(error, 'conflict')) return;
      throw error;
    }
    this.#parent = parent;
    if (!isEnded) {
      this.#marker = marker;
      return;
    }
    await this.#store.put(sentinelKey(name), Buffer.from(formatSentinel(sentinelOf(child))));
    this.#keys.push(sentinelKey(name));
    await marker.remove();
  }

  /** What is missing of what came meanwhile, and of what that builds on; then takes it away again. */
  async undo(): Promise<string[]> {
    const differences: string[] = [];
    for (const key of this.#keys) if ((await this.#store.stat(key)) === undefined) differences.push(`${key} went`);
    const parent = this.#parent && sentinelKey(backupName(this.#parent));
    if (parent !== undefined && (await this.#store.stat(parent)) === undefined) {
      differences.push(`${parent} went, and a delta has come to build on it`);
    }
    await this.#store.delete(this.#keys);
    await this.#marker?.remove();
    return differences.map((one) => `meanwhile: ${one}`);
  }
}
