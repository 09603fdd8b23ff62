/**
 * The parts of record after record of a cluster whose table pages are of a size that only its page images tell.
 *
 * @module
 */

import type { PostgresVersion } from '../postgres/versions.ts';
import { DEFAULT_TABLE_PAGE_BYTES } from '../postgres/wal-records/page-image.ts';
import { RecordLayout } from '../postgres/wal-records/record-layout.ts';

/** `BLCKSZ` that a server can be built with; a record with a page image tells which it was. */
const TABLE_PAGE_SIZES_BYTES = [DEFAULT_TABLE_PAGE_BYTES, 16_384, 32_768, 4096, 2048, 1024];

/** Finds parts; the first image decides the size of pages, as only one fits. */
export class RecordParts {
  /** Of the record that was looked at last. */
  layout = new RecordLayout();
  tablePageBytes = DEFAULT_TABLE_PAGE_BYTES;
  /** An image was seen, so the size of pages is known. */
  hasImage = false;

  /** Finds the parts of the record in `bytes[start .. end)`. False if they do not add up to its length. */
  find(bytes: Buffer, start: number, end: number, version: PostgresVersion): boolean {
    if (this.layout.parse(bytes, start, end, version)) {
      this.hasImage ||= this.layout.blockCount > 0 && (this.layout.imageBytes[0] ?? 0) > 0;
      return true;
    }
    if (this.hasImage) return false;
    for (const sizeBytes of TABLE_PAGE_SIZES_BYTES) {
      const layout = new RecordLayout(sizeBytes);
      if (!layout.parse(bytes, start, end, version)) continue;
      this.layout = layout;
      this.tablePageBytes = sizeBytes;
      this.hasImage = true;
      return true;
    }
    return false;
  }
}
