/**
 * What was proven of one backup: its objects, and that nothing of it is missing.
 *
 * @module
 */

import type { CallOptions, ObjectInfo, ObjectStore } from '../storage/object-store.ts';
import { fingerprintOf, isProven, type Fingerprint, type ProofAge } from './fingerprint.ts';
import { backupLedgerKey, readLedgerObject, writeLedgerObject } from './ledger-object.ts';

const WRITE_AFTER_MS = 20_000;

/** Under this name stands that all of it was there, with the time of the sentinel. */
const WHOLE = '(whole)';
/** And under this one that it was restored into nothing. */
const DEEP = '(deep)';

/** The ledger of one backup. */
export class BackupLedger {
  readonly #store: ObjectStore;
  readonly #name: string;
  readonly #options: CallOptions;
  readonly #proven: Map<string, Fingerprint>;
  readonly #pages: Map<string, string>;
  #broken: string | undefined;
  #deeplyBroken: string | undefined;
  #basis: string | undefined;
  #isChanged = false;
  #isReadOnly = false;
  #writtenAtMs = Date.now();

  private constructor(
    store: ObjectStore,
    name: string,
    options: CallOptions,
    read: { proven: ReadonlyMap<string, Fingerprint>; more: Readonly<Record<string, unknown>> },
  ) {
    this.#store = store;
    this.#name = name;
    this.#options = options;
    this.#proven = new Map(read.proven);
    this.#pages = new Map(textsIn(read.more['pages']));
    this.#broken = textIn(read.more['broken']);
    this.#deeplyBroken = textIn(read.more['deeplyBroken']);
    this.#basis = textIn(read.more['basis']);
  }

  static async read(store: ObjectStore, backupName: string, options: CallOptions = {}): Promise<BackupLedger> {
    const read = await readLedgerObject(store, backupLedgerKey(backupName), options);
    return new BackupLedger(store, backupName, options, read);
  }

  /** True if it could not be written down what was proven: nobody may write here. */
  get isReadOnly(): boolean {
    return this.#isReadOnly;
  }

  /** Why it cannot be restored, if that was found; `undefined` if nothing was. */
  get broken(): string | undefined {
    return this.#broken ?? this.#deeplyBroken;
  }

  /** What its objects showed. */
  get brokenByObjects(): string | undefined {
    return this.#broken;
  }

  /** What only restoring it into nothing showed, the last time that was done. Only doing it again can take it back. */
  get deeplyBroken(): string | undefined {
    return this.#deeplyBroken;
  }

  /**
   * Tells what objects are compared with now. What was proven against anything else says nothing; nor does what was written
   * down without it, when objects counted as proven once they could be read.
   */
  startFrom(basis: string): void {
    if (basis === this.#basis) return;
    this.forget();
    this.#basis = basis;
  }

  /** Takes nothing for proven any more. Whether it is broken stays as it was found. */
  forget(): void {
    this.#proven.clear();
    this.#isChanged = true;
  }

  /** True if these are exactly the objects that were proven, and are as they were. */
  isUnchanged(objects: readonly ObjectInfo[], age: ProofAge): boolean {
    const there = new Set(objects.map(nameOf));
    const isNoneGone = [...this.#proven.keys()].every((name) => name.startsWith('(') || there.has(name));
    return isNoneGone && objects.every((object) => this.isProven(object, age));
  }

  /** Forgets objects that are not there any more. */
  retain(objects: readonly ObjectInfo[]): void {
    const there = new Set(objects.map(nameOf));
    for (const name of this.#proven.keys()) {
      if (!name.startsWith('(') && !there.has(name)) this.#proven.delete(name);
    }
  }

  isProven(object: ObjectInfo, age: ProofAge): boolean {
    return isProven(object, this.#proven.get(nameOf(object)), age);
  }

  isWhole(sentinel: ObjectInfo, age: ProofAge): boolean {
    return isProven(sentinel, this.#proven.get(WHOLE), age);
  }

  isDeeplyProven(sentinel: ObjectInfo, age: ProofAge): boolean {
    return isProven(sentinel, this.#proven.get(DEEP), age);
  }

  /** Pages that were found damaged in an object that could be read. */
  pagesOf(object: ObjectInfo): string | undefined {
    return this.#pages.get(nameOf(object));
  }

  /** Writes down that an object holds what it should. */
  async prove(object: ObjectInfo): Promise<void> {
    await this.note(object, undefined, true);
  }

  /**
   * Writes down which pages of an object are damaged, and whether it need not be read again. Whether all is there has to be
   * judged anew then.
   */
  async note(object: ObjectInfo, damagedPages: string | undefined, isSound: boolean): Promise<void> {
    if (isSound) this.#proven.set(nameOf(object), fingerprintOf(object, Date.now()));
    else this.#proven.delete(nameOf(object));
    this.#proven.delete(WHOLE);
    if (damagedPages === undefined) this.#pages.delete(nameOf(object));
    else this.#pages.set(nameOf(object), damagedPages);
    this.#isChanged = true;
    if (Date.now() - this.#writtenAtMs >= WRITE_AFTER_MS) await this.flush();
  }

  /** Writes down at once what is wrong with an object: the backup cannot be restored, whatever comes of the others. */
  disprove(object: ObjectInfo, found: string): void {
    for (const name of [nameOf(object), WHOLE, DEEP]) this.#proven.delete(name);
    this.#broken = found;
    this.#isChanged = true;
  }

  /** Writes down that all is there, or what is not. */
  judge(sentinel: ObjectInfo, broken: string | undefined): void {
    if (broken === undefined) this.#proven.set(WHOLE, fingerprintOf(sentinel, Date.now()));
    else for (const name of [WHOLE, DEEP]) this.#proven.delete(name);
    this.#broken = broken;
    this.#isChanged = true;
  }

  /** Writes down that it was restored into nothing, or what a restore ends with. */
  judgeDeeply(sentinel: ObjectInfo, broken: string | undefined): void {
    if (broken === undefined) this.#proven.set(DEEP, fingerprintOf(sentinel, Date.now()));
    else this.#proven.delete(DEEP);
    this.#deeplyBroken = broken;
    this.#isChanged = true;
  }

  /** Writes what is not written yet. */
  async flush(): Promise<void> {
    if (!this.#isChanged) return;
    const more = {
      pages: Object.fromEntries(this.#pages),
      ...(this.#basis === undefined ? {} : { basis: this.#basis }),
      ...(this.#broken === undefined ? {} : { broken: this.#broken }),
      ...(this.#deeplyBroken === undefined ? {} : { deeplyBroken: this.#deeplyBroken }),
    };
    const key = backupLedgerKey(this.#name);
    const isWritten = await writeLedgerObject(this.#store, key, { proven: this.#proven, more }, this.#options);
    this.#isReadOnly ||= !isWritten;
    this.#isChanged = false;
    this.#writtenAtMs = Date.now();
  }
}

function nameOf({ key }: ObjectInfo): string {
  return key.slice(key.lastIndexOf('/') + 1);
}

function textIn(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function textsIn(value: unknown): [string, string][] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, text]): [string, string][] =>
    typeof text === 'string' ? [[name, text]] : [],
  );
}
