/**
 * Which of the damaged pages that the lists of backups tell of are damaged in what was restored.
 *
 * WAL-G lists a page that it read while the server wrote it, and replay writes that one whole; a later increment may hold
 * another one whole. So the pages are looked at once they are on disk.
 *
 * @module
 */

import { open, type FileHandle } from 'node:fs/promises';

import type { Lsn } from '../postgres/lsn.ts';
import { createPageVerifier, pageLsn, type PageVerifier } from '../postgres/page-checksum.ts';
import { PAGE_SIZE_BYTES } from '../postgres/page-checksum-constants.ts';
import { doesReplayMend, type DamagedFile } from './damaged-pages.ts';
import { segmentNumberOf, type PageLayout } from './increment-writer.ts';
import { restoredPath, type RestorePlace } from './restored-path.ts';

/** Where replay of a backup begins, and where its files are consistent. */
export interface BackupSpan {
  readonly startLsn: Lsn;
  readonly finishLsn: Lsn;
}

/**
 * Looks at them. Without checksums nothing can be told of a page: they stay.
 *
 * @param spans of the backups of the chain, by name.
 */
export async function confirmDamage(
  files: readonly DamagedFile[],
  place: RestorePlace,
  layout: PageLayout,
  spans: ReadonlyMap<string, BackupSpan>,
): Promise<DamagedFile[]> {
  if (files.length === 0 || !layout.hasChecksums) return [...files];
  const verifier = createPageVerifier(PAGE_SIZE_BYTES);
  const confirmed: DamagedFile[] = [];
  for (const damaged of files) {
    const span = spans.get(damaged.backupName);
    await using file = await open(restoredPath(damaged.name, place), 'r');
    const firstBlock = segmentNumberOf(damaged.name) * layout.segmentPages;
    const blocks: number[] = [];
    for (const block of damaged.blocks) {
      if (await isDamaged({ file, verifier, firstBlock, span }, block)) blocks.push(block);
    }
    if (blocks.length > 0) confirmed.push({ ...damaged, blocks });
  }
  return confirmed;
}

interface Look {
  readonly file: FileHandle;
  readonly verifier: PageVerifier;
  /** Of the file, in its relation. */
  readonly firstBlock: number;
  readonly span: BackupSpan | undefined;
}

async function isDamaged({ file, verifier, firstBlock, span }: Look, block: number): Promise<boolean> {
  const page = Buffer.alloc(PAGE_SIZE_BYTES);
  const { bytesRead } = await file.read(page, 0, PAGE_SIZE_BYTES, block * PAGE_SIZE_BYTES);
  if (bytesRead < PAGE_SIZE_BYTES) return false;
  verifier.memory.set(page);
  if (verifier.findBadPages(0, 1, firstBlock + block).length === 0) return false;
  return span === undefined || !doesReplayMend(pageLsn(page, 0), span);
}
