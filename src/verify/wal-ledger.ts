/**
 * Which segments were proven, read and written 4 GiB of WAL at a time.
 *
 * @module
 */

import type { CallOptions, ObjectStore } from '../storage/object-store.ts';
import type { Fingerprint } from './fingerprint.ts';
import { readLedgerObject, walLedgerKey, writeLedgerObject } from './ledger-object.ts';

/** So many segments are proven between two writings, and so much time goes by. */
const WRITE_AFTER = 64;
const WRITE_AFTER_MS = 20_000;

/** The ledger of one timeline, gone through in the order of segments. */
export class WalLedger {
  readonly #store: ObjectStore;
  readonly #timeline: number;
  readonly #options: CallOptions;
  #high: string | undefined;
  #proven = new Map<string, Fingerprint>();
  #unwritten = 0;
  #isReadOnly = false;
  #writtenAtMs = Date.now();

  constructor(store: ObjectStore, timeline: number, options: CallOptions) {
    this.#store = store;
    this.#timeline = timeline;
    this.#options = options;
  }

  /** True if it could not be written down what was proven: nobody may write here. */
  get isReadOnly(): boolean {
    return this.#isReadOnly;
  }

  /** What was proven of a segment. */
  async get(segmentName: string): Promise<Fingerprint | undefined> {
    await this.#goTo(segmentName.slice(8, 16));
    return this.#proven.get(segmentName.slice(16));
  }

  /** Writes down that it was proven, or that it is not any more. */
  async set(segmentName: string, proof: Fingerprint | undefined): Promise<void> {
    await this.#goTo(segmentName.slice(8, 16));
    const low = segmentName.slice(16);
    if (proof !== undefined) this.#proven.set(low, proof);
    else if (!this.#proven.delete(low)) return;
    this.#unwritten += 1;
    if (this.#unwritten >= WRITE_AFTER || Date.now() - this.#writtenAtMs >= WRITE_AFTER_MS) await this.flush();
  }

  /** Writes what is not written yet. */
  async flush(): Promise<void> {
    if (this.#unwritten === 0 || this.#high === undefined) return;
    const key = walLedgerKey(this.#timeline, this.#high);
    const isWritten = await writeLedgerObject(this.#store, key, { proven: this.#proven, more: {} }, this.#options);
    this.#isReadOnly ||= !isWritten;
    this.#unwritten = 0;
    this.#writtenAtMs = Date.now();
  }

  async #goTo(high: string): Promise<void> {
    if (this.#high === high) return;
    await this.flush();
    this.#high = high;
    const { proven } = await readLedgerObject(this.#store, walLedgerKey(this.#timeline, high), this.#options);
    this.#proven = new Map(proven);
  }
}
