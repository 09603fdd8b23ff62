/**
 * Verifies one backup: every object of it can be read to its end, holds what the list of files says, and every page in
 * it carries its checksum.
 *
 * Objects that were proven and are unchanged are not read again, if the list of files tells what they hold.
 *
 * @module
 */

import type { Backup } from '../backup/backup.ts';
import { readFilesMetadata } from '../backup/files-of-backup.ts';
import { isFailure } from '../base/failure.ts';
import { readLayout } from '../restore/read-layout.ts';
import type { ObjectInfo, ObjectStore } from '../storage/object-store.ts';
import { sentinelKey } from '../walg/backup-names.ts';
import type { FilesMetadata } from '../walg/files-metadata.ts';
import { BackupLedger } from './backup-ledger.ts';
import { listBackupObjects, type BackupObjects } from './backup-objects.ts';
import { expectationOf } from './check-object.ts';
import { NOTHING_READ, type Finding, type ProofCounts } from './finding.ts';
import { isListed, judgeBackup, type BackupToJudge } from './judge-backup.ts';
import { readObjects, type ReadObjects } from './read-backup.ts';
import type { ReadPart } from './read-part.ts';
import { callOptionsOf, type VerifyLimits } from './read-limits.ts';
import { isRemoved } from './removed-meanwhile.ts';

/** What was found of one backup. */
export interface VerifiedBackup {
  readonly backup: Backup;
  readonly findings: readonly Finding[];
  /** Tar objects. */
  readonly counts: ProofCounts;
  readonly pagesChecked: number;
  /** False if the cluster had no checksums, or pages of another size. */
  readonly hasChecksums: boolean;
  /** False if time was over before all was read. */
  readonly isDone: boolean;
  /** True if it could not be written down what was proven. */
  readonly isReadOnly: boolean;
  /** What restoring it into nothing ended with, the last time that was done. */
  readonly deeplyBroken: string | undefined;
  /** What its parts hold, if all were read. */
  readonly contents: BackupContents | undefined;
}

type Verified = Omit<VerifiedBackup, 'isReadOnly' | 'deeplyBroken'>;

/** What all parts of a backup hold. */
export interface BackupContents {
  readonly backup: Backup;
  readonly metadata: FilesMetadata | undefined;
  readonly objects: BackupObjects;
  readonly parts: ReadonlyMap<string, ReadPart>;
}

/** How to go about it. */
export interface VerifyBackupOptions extends VerifyLimits {
  /** Read all objects, also proven ones, and tell what they hold. */
  readonly wantsContents: boolean;
  readonly onContent: (bytes: number) => void;
}

/**
 * Verifies. What makes the backup impossible to restore is a finding; what the store throws is thrown. `undefined` if that is
 * that it was removed meanwhile: then nothing is written down of it either.
 */
export async function verifyBackup(
  store: ObjectStore,
  backup: Backup,
  options: VerifyBackupOptions,
): Promise<VerifiedBackup | undefined> {
  const ledger = await BackupLedger.read(store, backup.name, callOptionsOf(options));
  let verified: Verified;
  try {
    verified = await verifyOrBroken(store, backup, ledger, options);
  } catch (error) {
    // What was proven before it was interrupted counts, too.
    await ledger.flush();
    if (isFailure(error, 'notInArchive') && (await isRemoved(store, backup, callOptionsOf(options)))) return undefined;
    throw error;
  }
  const isBroken = verified.findings.some(({ kind }) => kind === 'backup');
  if (isBroken && (await isRemoved(store, backup, callOptionsOf(options)))) return undefined;
  await ledger.flush();
  return { ...verified, isReadOnly: ledger.isReadOnly, deeplyBroken: ledger.deeplyBroken };
}

async function verifyOrBroken(
  store: ObjectStore,
  backup: Backup,
  ledger: BackupLedger,
  options: VerifyBackupOptions,
): Promise<Verified> {
  try {
    return await verifyObjects(store, backup, ledger, options);
  } catch (error) {
    if (!isFailure(error, 'corrupt') && !isFailure(error, 'refused')) throw error;
    const sentinel = await store.stat(sentinelKey(backup.name), callOptionsOf(options));
    if (sentinel !== undefined) ledger.judge(sentinel, error.message);
    return {
      backup,
      findings: [brokenFinding(backup, error.message)],
      counts: NOTHING_READ,
      pagesChecked: 0,
      hasChecksums: false,
      isDone: true,
      contents: undefined,
    };
  }
}

async function verifyObjects(
  store: ObjectStore,
  backup: Backup,
  ledger: BackupLedger,
  options: VerifyBackupOptions,
): Promise<Verified> {
  const objects = await listBackupObjects(store, backup, callOptionsOf(options));
  const total = objects.parts.length;
  ledger.startFrom(basisOf(backup, objects));
  if (!options.wantsContents && isUnchanged(objects, ledger, options)) {
    const counts = { ...NOTHING_READ, total };
    const findings = pageFindings(backup, objects, ledger);
    return { backup, findings, counts, pagesChecked: 0, hasChecksums: true, isDone: true, contents: undefined };
  }
  const metadata = await readFilesMetadata(store, backup, callOptionsOf(options));
  const layout = await readLayout(
    store,
    backup,
    objects.parts.map(({ object }) => object),
  );
  const wanted = objects.parts.filter(
    (part) => options.wantsContents || !isListed(part, metadata) || !ledger.isProven(part.info, options),
  );
  const expectation = expectationOf(backup, metadata, objects.parts);
  const read = await readObjects(store, { expectation, layout, ledger }, wanted, options, options.onContent);
  const findings = read.problems.map(({ key, found }): Finding => objectFinding(key, found));
  const broken = await judgeRead({ expectation, parts: objects.parts, read: read.parts }, read, objects, ledger);
  return {
    backup,
    findings: [
      ...findings,
      ...(broken === undefined ? [] : [brokenFinding(backup, broken)]),
      ...pageFindings(backup, objects, ledger),
    ],
    counts: { total, read: read.parts.size + read.problems.length, readBytes: read.readBytes },
    pagesChecked: [...read.parts.values()].reduce((sum, part) => sum + part.pagesChecked, 0),
    hasChecksums: layout.hasChecksums,
    isDone: read.isDone,
    contents: read.isDone && options.wantsContents ? { backup, metadata, objects, parts: read.parts } : undefined,
  };
}

function isUnchanged({ sentinel, list, parts }: BackupObjects, ledger: BackupLedger, options: VerifyLimits): boolean {
  if (!ledger.isWhole(sentinel, options) || ledger.brokenByObjects !== undefined) return false;
  return ledger.isUnchanged(provable({ list, parts }), options);
}

function provable({ list, parts }: Pick<BackupObjects, 'list' | 'parts'>): ObjectInfo[] {
  return [...parts.map(({ info }) => info), ...(list === undefined ? [] : [list])];
}

/**
 * What objects are compared with: the list of files, or the sentinel if that may hold it, and what else the sentinel says
 * that counts. Not when it was written: a mark on a backup may write it anew.
 */
function basisOf(backup: Backup, { list, sentinel }: BackupObjects): string {
  const { sizeBytes, modifiedAt } = list ?? sentinel;
  const { startLsn, finishLsn, systemIdentifier } = backup;
  return [sizeBytes, modifiedAt.getTime(), startLsn, finishLsn, systemIdentifier ?? '-'].join(' ');
}

/**
 * Judges all objects together, once all were read, and writes that down; gives what is wrong beside objects that are damaged
 * themselves. While there are such nothing can be told of the rest: each was written down when it was read.
 */
async function judgeRead(
  given: BackupToJudge,
  { isDone, problems }: ReadObjects,
  objects: BackupObjects,
  ledger: BackupLedger,
): Promise<string | undefined> {
  // An object that is gone stays in the ledger: by that it is missed the next time.
  if (!isDone) return undefined;
  if (objects.list !== undefined) await ledger.prove(objects.list);
  ledger.retain(provable(objects));
  if (problems.length > 0) return undefined;
  const broken = judge(given);
  // Each holds what it should, and together they do not: all are read before the backup is judged again.
  if (broken !== undefined) ledger.forget();
  ledger.judge(objects.sentinel, broken);
  return broken;
}

function judge(given: BackupToJudge): string | undefined {
  try {
    judgeBackup(given);
    return undefined;
  } catch (error) {
    if (isFailure(error, 'corrupt') || isFailure(error, 'refused')) return error.message;
    throw error;
  }
}

/** A finding that a backup cannot be restored. */
export function brokenFinding(backup: Backup, found: string): Finding {
  return {
    kind: 'backup',
    subject: backup.name,
    found,
    remedy: 'Take a new backup. Recoveries must begin with another one until then.',
  };
}

function objectFinding(key: string, found: string): Finding {
  return { kind: 'backup', subject: key, found, remedy: 'Take a new backup: this one cannot be restored.' };
}

function pageFindings(backup: Backup, { parts }: BackupObjects, ledger: BackupLedger): Finding[] {
  return parts.flatMap(({ info }): Finding[] => {
    const found = ledger.pagesOf(info);
    if (found === undefined) return [];
    return [
      {
        kind: 'pages',
        subject: backup.name,
        found: `pages do not carry their checksum: ${found}`,
        remedy: 'Look at the disk of the server, and at these relations in an earlier backup and in the live server.',
      },
    ];
  });
}
