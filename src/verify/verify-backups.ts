/**
 * Verifies backups, one after another: those that others build on first.
 *
 * @module
 */

import type { Backup } from '../backup/backup.ts';
import { childrenFirst } from '../backup/chain-members.ts';
import { chainOf } from '../backup/delta-chain.ts';
import { isFailure, type Failure } from '../base/failure.ts';
import type { ArchivedWal } from '../history/archived-wal.ts';
import type { Timelines } from '../history/timelines.ts';
import { checkOneLine } from '../restore/chain-line.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { sentinelKey } from '../walg/backup-names.ts';
import { BackupLedger } from './backup-ledger.ts';
import type { Finding, ProofCounts } from './finding.ts';
import { callOptionsOf, isOver, type VerifyLimits } from './read-limits.ts';
import { isRemoved } from './removed-meanwhile.ts';
import { restoreIntoNothing } from './restore-into-nothing.ts';
import { brokenFinding, verifyBackup, type BackupContents, type VerifiedBackup } from './verify-backup.ts';

/** What was found of all backups. */
export interface VerifiedBackups {
  readonly findings: readonly Finding[];
  readonly totals: BackupTotals;
  readonly isDone: boolean;
  /** True if it could not be written down what was proven. */
  readonly isReadOnly: boolean;
}

/** How much there was. */
export interface BackupTotals extends ProofCounts {
  readonly backups: number;
  readonly pagesChecked: number;
  /** Backups of clusters without checksums: their pages say nothing. */
  readonly withoutChecksums: number;
  /** Backups that were restored into nothing now. */
  readonly restored: number;
}

/** What they are verified against. */
export interface BackupsToVerify {
  readonly wal: ArchivedWal;
  readonly timelines: Timelines;
  /** All of the archive. */
  readonly all: readonly Backup[];
  /** Those to verify, with what they build on. */
  readonly chosen: readonly Backup[];
}

/** Verifies them. */
export async function verifyBackups(
  store: ObjectStore,
  given: BackupsToVerify,
  options: VerifyLimits & { readonly isDeep: boolean },
): Promise<VerifiedBackups> {
  const run = new BackupsRun(store, given, options);
  for (const backup of childrenFirst(given.chosen).toReversed().flat()) await run.verify(backup);
  return run.result();
}

class BackupsRun {
  readonly #store: ObjectStore;
  readonly #given: BackupsToVerify;
  readonly #options: VerifyLimits & { readonly isDeep: boolean };
  readonly #contents = new Map<string, BackupContents>();
  readonly #findings: Finding[] = [];
  readonly #verified: VerifiedBackup[] = [];
  readonly #totalBytes: number;
  #doneBytes = 0;
  #restored = 0;
  #isDone = true;

  constructor(store: ObjectStore, given: BackupsToVerify, options: VerifyLimits & { readonly isDeep: boolean }) {
    this.#store = store;
    this.#given = given;
    this.#options = options;
    this.#totalBytes = given.chosen.reduce((sum, { uncompressedSizeBytes }) => sum + Number(uncompressedSizeBytes), 0);
  }

  result(): VerifiedBackups {
    const sum = (of: (one: VerifiedBackup) => number): number => this.#verified.reduce((all, one) => all + of(one), 0);
    return {
      findings: this.#findings,
      isDone: this.#isDone,
      isReadOnly: this.#verified.some(({ isReadOnly }) => isReadOnly),
      totals: {
        backups: this.#verified.length,
        total: sum(({ counts }) => counts.total),
        read: sum(({ counts }) => counts.read),
        readBytes: sum(({ counts }) => counts.readBytes),
        pagesChecked: sum(({ pagesChecked }) => pagesChecked),
        withoutChecksums: sum(({ hasChecksums }) => (hasChecksums ? 0 : 1)),
        restored: this.#restored,
      },
    };
  }

  async verify(backup: Backup): Promise<void> {
    if (!this.#isDone || isOver(this.#options)) {
      this.#isDone = false;
      return;
    }
    const wantsContents = this.#options.isDeep && (await this.#isWorthReading(backup));
    const verified = await verifyBackup(this.#store, backup, {
      ...this.#options,
      wantsContents,
      onContent: (bytes) => this.#report(bytes),
    });
    if (verified === undefined) return;
    this.#verified.push(verified);
    this.#findings.push(...verified.findings);
    this.#isDone &&= verified.isDone;
    if (verified.findings.some(({ kind }) => kind === 'backup')) return;
    const broken = await this.#brokenChain(backup);
    if (verified.contents === undefined) {
      await this.#tell(backup, broken ?? foundDeeply(verified.deeplyBroken));
      return;
    }
    this.#contents.set(backup.name, verified.contents);
    await this.#tell(backup, broken ?? (await this.#restore(verified.contents)));
    this.#forget();
  }

  /** With `isDeep` all is read of what was not restored yet, and of what such a backup builds on. */
  async #isWorthReading(backup: Backup): Promise<boolean> {
    for (const one of this.#given.chosen) {
      const isNeeded = one === backup || this.#chainOf(one)?.includes(backup) === true;
      if (!isNeeded) continue;
      const ledger = await BackupLedger.read(this.#store, one.name, callOptionsOf(this.#options));
      const sentinel = await this.#store.stat(sentinelKey(one.name), callOptionsOf(this.#options));
      if (sentinel !== undefined && !ledger.isDeeplyProven(sentinel, this.#options)) return true;
    }
    return false;
  }

  async #tell(backup: Backup, broken: string | undefined): Promise<void> {
    if (broken === undefined || (await this.#isRemoved(backup))) return;
    this.#findings.push(brokenFinding(backup, broken));
  }

  async #isRemoved(backup: Backup): Promise<boolean> {
    return isRemoved(this.#store, backup, callOptionsOf(this.#options));
  }

  /** Restores into nothing, writes down what came of it, and gives what is wrong. */
  async #restore({ backup, objects }: BackupContents): Promise<string | undefined> {
    const ledger = await BackupLedger.read(this.#store, backup.name, callOptionsOf(this.#options));
    const { wal, timelines, all } = this.#given;
    const contents = this.#contents;
    const given = { store: this.#store, wal, timelines, backups: all, contents, ...callOptionsOf(this.#options) };
    const failure = await failureIfBroken(async () => restoreIntoNothing(backup, given));
    if (failure === undefined) this.#restored += 1;
    else if (await this.#isRemoved(backup)) return undefined;
    // What is not its own is found without this, too, and may come yet.
    if (failure?.kind !== 'notInArchive') ledger.judgeDeeply(objects.sentinel, failure?.message);
    await ledger.flush();
    return failure?.message;
  }

  /** Keeps only what a backup that comes later builds on. */
  #forget(): void {
    const done = new Set(this.#verified.map(({ backup }) => backup));
    const left = this.#given.chosen.filter((one) => !done.has(one));
    const needed = new Set(left.flatMap((one) => this.#chainOf(one) ?? []).map(({ name }) => name));
    for (const name of this.#contents.keys()) if (!needed.has(name)) this.#contents.delete(name);
  }

  /** What a restore would begin with: all that it builds on is there, and on one line of history; or what is wrong there. */
  async #brokenChain(backup: Backup): Promise<string | undefined> {
    const options = callOptionsOf(this.#options);
    const failure = await failureIfBroken(async () =>
      checkOneLine(this.#store, chainOf(backup, this.#given.all), options),
    );
    return failure?.message;
  }

  #chainOf(backup: Backup): readonly Backup[] | undefined {
    try {
      return chainOf(backup, this.#given.all);
    } catch (error) {
      if (isFailure(error, 'corrupt')) return undefined;
      throw error;
    }
  }

  #report(bytes: number): void {
    this.#doneBytes += bytes;
    const total = Math.max(this.#totalBytes, this.#doneBytes);
    this.#options.onProgress({ phase: 'backups', done: this.#doneBytes, total, unit: 'bytes' });
  }
}

function foundDeeply(found: string | undefined): string | undefined {
  return found === undefined ? undefined : `${found} (found by --deep; only --deep can tell that this is over)`;
}

async function failureIfBroken(work: () => Promise<unknown>): Promise<Failure | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    if (isFailure(error, 'corrupt') || isFailure(error, 'refused') || isFailure(error, 'notInArchive')) return error;
    throw error;
  }
}
