/**
 * The copy of the data directory, while the server is in backup mode.
 *
 * @module
 */

import { join } from 'node:path';

import type { OnProgress } from '../base/progress.ts';
import type { BackupSession } from '../instance/backup-session.ts';
import type { ControlFile } from '../postgres/control-file.ts';
import { PAGE_SIZE_BYTES } from '../postgres/page-checksum-constants.ts';
import { pgControlObjectName } from '../walg/backup-names.ts';
import { walkDataDirectory, type DataDirectoryContents, type StoredEntry } from './data-directory.ts';
import { planDeltaFiles, type DeltaFiles } from './delta-files.ts';
import type { PageVerification } from './part-packer.ts';
import { controlOf, type Base } from './take-base.ts';
import {
  readControlFile,
  uploadParts,
  uploadSmallTar,
  type SmallTarOptions,
  type UploadedParts,
} from './upload-parts.ts';

/** How to copy. */
export interface CopyFilesOptions {
  readonly dataDirectory: string;
  readonly concurrency: number;
  readonly diskBytesPerS?: number;
  readonly onProgress: OnProgress;
}

const BLOCKS_PER_SEGMENT = 131_072;

/** What was copied while the server was in backup mode. */
export interface CopiedFiles {
  readonly contents: DataDirectoryContents;
  /** Files of the parent that are as they were. */
  readonly skippedFiles: readonly StoredEntry[];
  readonly parts: UploadedParts;
  readonly controlBytes: number;
  readonly controlStoredBytes: number;
  readonly arePagesVerified: boolean;
}

/** Copies everything; `pg_control` last. */
export async function copyFiles(
  session: BackupSession,
  base: Base,
  options: CopyFilesOptions,
  target: SmallTarOptions,
): Promise<CopiedFiles> {
  const controlPath = join(options.dataDirectory, 'global', 'pg_control');
  const control = await controlOf(options.dataDirectory);
  const verification = pageVerification(control, session);
  const contents = await walkDataDirectory(options.dataDirectory, {
    tablespaceVersionDirectory: `PG_${control.majorVersion}_${control.catalogVersion}`,
    signal: target.signal,
  });
  const { stored, skipped: skippedFiles } = filesToStore(contents.entries, base);
  const concurrency = Math.max(1, options.concurrency);
  const { diskBytesPerS, onProgress } = options;
  const parts = await uploadParts(stored, { ...target, concurrency, verification, diskBytesPerS, onProgress });
  const bytes = await readControlFile(controlPath);
  const controlStoredBytes = await uploadSmallTar(
    [{ name: '/global/pg_control', bytes, mtimeSeconds: Math.floor(Date.now() / 1000) }],
    pgControlObjectName(target.compression),
    target,
  );
  return {
    contents,
    skippedFiles,
    parts,
    controlBytes: bytes.length,
    controlStoredBytes,
    arePagesVerified: verification !== undefined,
  };
}

function filesToStore(entries: readonly StoredEntry[], { parent, changes }: Base): DeltaFiles {
  if (parent === undefined) return { stored: entries, skipped: [] };
  const { files, backup } = parent;
  const map = changes?.kind === 'wal' ? changes.map : undefined;
  return planDeltaFiles(entries, {
    files,
    startedAt: backup.startedAt,
    startLsn: backup.startLsn,
    ...(map === undefined ? {} : { changedBlocks: (file, segmentNumber) => map.changedBlocks(file, segmentNumber) }),
  });
}

/** Checksums are verified where they are on and pages are as everybody has them. */
function pageVerification(control: ControlFile, session: BackupSession): PageVerification | undefined {
  const { blocksPerSegment } = control;
  const isUsual = control.blockSizeBytes === PAGE_SIZE_BYTES && blocksPerSegment === BLOCKS_PER_SEGMENT;
  return control.dataChecksumVersion > 0 && isUsual ? { startLsn: session.startLsn, blocksPerSegment } : undefined;
}
