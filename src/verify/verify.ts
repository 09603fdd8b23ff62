/**
 * Verifies an archive: that what it promises can be kept.
 *
 * WAL: every segment decodes, belongs, and none is missing where it is of use. Backups: every part can be read, holds what
 * it should, and every page carries its checksum; with `isDeep` each is restored into nothing. What was proven and is
 * unchanged is not read again. It can be stopped at any time and goes on where it was. Nothing is changed but what was
 * proven ({@link file://./ledger-object.ts}).
 *
 * @module
 */

import type { Backup } from '../backup/backup.ts';
import { chainOf } from '../backup/delta-chain.ts';
import { readBackupListing } from '../backup/list.ts';
import { Failure, isFailure } from '../base/failure.ts';
import { listArchivedWal, type ArchivedWal } from '../history/archived-wal.ts';
import { readTimelines, type Timelines } from '../history/timelines.ts';
import { parseHistoryName } from '../postgres/timeline-history.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { walFileOf } from '../walg/object-names.ts';
import type { Finding, ProofCounts } from './finding.ts';
import { NOTHING_READ } from './finding.ts';
import { listSegments } from './list-segments.ts';
import { callOptionsOf, type VerifyLimits } from './read-limits.ts';
import { lostSegments, stillThere } from './removed-meanwhile.ts';
import { verifyBackups, type VerifiedBackups } from './verify-backups.ts';
import { missingWalOfBackups, verifyChain, verifyHistories } from './verify-chain.ts';
import { verifyWal, type VerifiedWal } from './verify-wal.ts';

/** What to verify, and how. */
export interface VerifyOptions extends VerifyLimits {
  /** WAL, backups, or both. */
  readonly scope: 'all' | 'wal' | 'backups';
  /** Only these backups and what they build on; all unless told. */
  readonly names?: readonly string[] | undefined;
  /** Restore backups into nothing. */
  readonly isDeep: boolean;
}

/** What was found. */
export interface VerifyReport {
  readonly findings: readonly Finding[];
  readonly wal: ProofCounts & { readonly timelines: number };
  readonly backups: VerifiedBackups['totals'];
  /** False if time was over: the next verification goes on. */
  readonly isDone: boolean;
  /** True if it could not be written down what was proven: nobody may write here. */
  readonly isReadOnly: boolean;
}

interface Surroundings {
  readonly wal: ArchivedWal;
  readonly timelines: Timelines;
  readonly findings: readonly Finding[];
  readonly segments: Awaited<ReturnType<typeof listSegments>>;
}

/** Verifies. What is wrong with the archive is in the report; what is thrown is about the store, or the request. */
export async function verifyArchive(store: ObjectStore, options: VerifyOptions): Promise<VerifyReport> {
  const { backups, broken } = await readBackupListing(store, options.signal);
  const chosen = chooseBackups(backups, options.names);
  const findings: Finding[] = broken.map(({ name, failure }) => ({
    kind: 'backup',
    subject: name,
    found: failure.message,
    remedy: failure.remedy,
  }));
  const around = await readSurroundings(store, options);
  findings.push(...around.findings);
  const isWithWal = options.scope !== 'backups';
  const wal = isWithWal ? await verifyWal(store, { ...around, listed: around.segments }, options) : NO_WAL;
  const now = wal.gone.length === 0 ? { ...around, backups } : await lookAgain(store, options);
  if (isWithWal) findings.push(...verifyChain(now.wal, now.timelines, now.backups));
  findings.push(...(await missingWalOf(store, now.wal, chosen, options)));
  findings.push(...wal.findings, ...lostSegments(wal.gone, now.wal));
  const verified = await verifyBackups(
    store,
    { ...around, all: backups, chosen: options.scope === 'wal' ? [] : chosen },
    options,
  );
  findings.push(...verified.findings);
  return {
    findings,
    wal: { ...wal.counts, timelines: around.segments.segments.size },
    backups: verified.totals,
    isDone: wal.isDone && verified.isDone,
    isReadOnly: wal.isReadOnly || verified.isReadOnly,
  };
}

const NO_WAL: VerifiedWal = { counts: NOTHING_READ, findings: [], gone: [], isDone: true, isReadOnly: false };

/** What is there once some of what was listed is not. */
async function lookAgain(
  store: ObjectStore,
  options: VerifyOptions,
): Promise<Pick<Surroundings, 'wal' | 'timelines'> & { readonly backups: readonly Backup[] }> {
  const { backups } = await readBackupListing(store, options.signal);
  return { ...(await readSurroundings(store, options)), backups };
}

/** As {@link missingWalOfBackups}, of backups that are there still. */
async function missingWalOf(
  store: ObjectStore,
  wal: ArchivedWal,
  backups: readonly Backup[],
  options: VerifyOptions,
): Promise<Finding[]> {
  if (missingWalOfBackups(wal, backups).length === 0) return [];
  return missingWalOfBackups(wal, await stillThere(store, backups, callOptionsOf(options)));
}

async function readSurroundings(store: ObjectStore, options: VerifyOptions): Promise<Surroundings> {
  const call = callOptionsOf(options);
  const listed = await listArchivedWal(store, call);
  const segments = await listSegments(store, listed.segmentSizeBytes, call);
  const findings = await verifyHistories(store, segments.histories, call);
  const bad = new Set(findings.map(({ subject }) => parseHistoryName(walFileOf(subject)?.fileName ?? '')));
  const wal = { ...listed, historyTimelines: listed.historyTimelines.filter((timeline) => !bad.has(timeline)) };
  return { wal, timelines: await readTimelines(store, wal, call), findings, segments };
}

function chooseBackups(backups: readonly Backup[], names: readonly string[] | undefined): readonly Backup[] {
  if (names === undefined) return backups;
  const chosen = new Set<Backup>();
  for (const name of names) {
    const backup = name === 'LATEST' ? backups.at(-1) : backups.find((one) => one.name === name);
    if (backup === undefined) {
      throw new Failure('notInArchive', {
        message: `no backup ${JSON.stringify(name)} in the archive`,
        remedy: 'List what there is: walkback backup list',
      });
    }
    for (const one of chainOrAlone(backup, backups)) chosen.add(one);
  }
  return backups.filter((backup) => chosen.has(backup));
}

function chainOrAlone(backup: Backup, backups: readonly Backup[]): readonly Backup[] {
  try {
    return chainOf(backup, backups);
  } catch (error) {
    if (isFailure(error, 'corrupt')) return [backup];
    throw error;
  }
}
