/**
 * Takes the records of one segment, and keeps what its index tells of them.
 *
 * @module
 */

import { isFailure } from '../base/failure.ts';
import type { PostgresVersion } from '../postgres/versions.ts';
import type { CatalogRecord } from '../postgres/wal-records/catalog-records.ts';
import { DECODED_RESOURCE_MANAGERS, decodeRecord } from '../postgres/wal-records/decode-record.ts';
import { invalidatedDatabase } from '../postgres/wal-records/invalid-database.ts';
import { shorter } from '../postgres/wal-records/record-cursor.ts';
import type { RecordVisitor } from '../postgres/wal-records/record-visitor.ts';
import { RM_RELMAP } from '../postgres/wal-records/relmap-records.ts';
import {
  countRows,
  decodeTruncate,
  HEAP_INPLACE,
  HEAP_OPERATION_MASK,
  HEAP_TRUNCATE,
  RM_HEAP,
  RM_HEAP2,
  RowCounts,
} from '../postgres/wal-records/row-records.ts';
import { decodeStorageRecord, RM_SMGR } from '../postgres/wal-records/storage-records.ts';
import { isPlainCommit, isPlainEnd, plainEndTimeUs } from '../postgres/wal-records/transaction-records.ts';
import type { WalEvent } from '../postgres/wal-records/wal-event.ts';
import {
  FIRST_CUSTOM_RESOURCE_MANAGER,
  recordInfo,
  recordResourceManager,
  recordXid,
  RM_XACT,
  RM_XLOG,
} from '../postgres/wal-records/wal-record.ts';
import { XLOG_FPI } from '../postgres/wal-records/xlog-records.ts';
import {
  catalogChanges,
  learnFromFirstPage,
  learnFromInPlace,
  touchesCatalog,
  type CatalogReading,
} from './build-catalog-changes.ts';
import { CurrentRecord } from './current-record.ts';
import { PlainEnd } from './event-columns.ts';
import { RecordParts } from './record-parts.ts';
import type { RecordTables } from './record-tables.ts';

const DECODED: ReadonlySet<number> = DECODED_RESOURCE_MANAGERS.union(new Set([RM_RELMAP]));

/** Collects events and work, record by record. */
export class RecordIndexer implements RecordVisitor {
  readonly #version: PostgresVersion;
  readonly #catalogs: Omit<CatalogReading, 'tablePageBytes'>;
  readonly #reject: (reason: string) => void;
  readonly #tables: RecordTables;
  readonly #current = new CurrentRecord();
  readonly #rows = new RowCounts();
  readonly #end = new PlainEnd();
  readonly #customResourceManagers = new Set<number>();
  /** Finds the parts of records. */
  readonly parts = new RecordParts();
  #timeline: number;

  /**
   * @param timeline of the first record; checkpoints and promotions tell of others.
   * @param reject is told why a record cannot be right, for all that its CRC is.
   */
  constructor(
    version: PostgresVersion,
    timeline: number,
    catalogs: Omit<CatalogReading, 'tablePageBytes'>,
    reject: (reason: string) => void,
    tables: RecordTables,
  ) {
    this.#version = version;
    this.#timeline = timeline;
    this.#catalogs = catalogs;
    this.#reject = reject;
    this.#tables = tables;
  }

  /** The timeline of the last record. */
  get timeline(): number {
    return this.#timeline;
  }

  /** The resource managers of extensions of which the first record was told. */
  get customResourceManagers(): ReadonlySet<number> {
    return this.#customResourceManagers;
  }

  record(
    bytes: Buffer,
    start: number,
    end: number,
    lsnHigh: number,
    lsnLow: number,
    nextHigh: number,
    nextLow: number,
  ): void {
    const current = this.#current;
    current.bytes = bytes;
    current.lsnHigh = lsnHigh;
    current.lsnLow = lsnLow;
    current.endHigh = nextHigh;
    current.endLow = nextLow;
    current.xid = recordXid(bytes, start);
    current.resourceManager = recordResourceManager(bytes, start);
    current.info = recordInfo(bytes, start);
    if (!this.parts.find(bytes, start, end, this.#version))
      return this.#reject('a record whose parts do not add up to its length');
    this.#tables.noteBlocks(this.parts.layout);
    try {
      this.#take();
    } catch (error) {
      if (!isFailure(error, 'corrupt')) throw error;
      return this.#reject(error.message);
    }
    this.#tables.addChecksum(bytes, start);
    if (current.xid !== 0) this.#tables.addRecord(current, this.parts.layout, end - start);
  }

  #take(): void {
    const { resourceManager } = this.#current;
    if (resourceManager === RM_HEAP || resourceManager === RM_HEAP2) return this.#takeRows();
    if (resourceManager === RM_SMGR) return this.#takeStorage();
    if (resourceManager === RM_XACT && this.#takePlainEnd()) return;
    if (DECODED.has(resourceManager)) return this.#takeEvent();
    if (resourceManager >= FIRST_CUSTOM_RESOURCE_MANAGER) this.#takeCustom();
  }

  #takeRows(): void {
    const { bytes, xid, resourceManager, info } = this.#current;
    const layout = this.parts.layout;
    const { mainStart, mainEnd } = layout;
    if (countRows(resourceManager, info, bytes, mainStart, mainEnd, this.#rows)) {
      if (layout.indexOfBlock(0) !== 0) throw shorter('changed rows without their page');
      if (xid !== 0) this.#tables.addRows(this.#current, layout, this.#rows);
    } else if (resourceManager === RM_HEAP) {
      const operation = info & HEAP_OPERATION_MASK;
      if (operation === HEAP_TRUNCATE) {
        this.#tables.addTruncated(this.#current, decodeTruncate(this.#mainData()));
      } else if (operation === HEAP_INPLACE) {
        learnFromInPlace(this.#catalogRecord(), { bytes, layout }, this.#catalogs.files);
        this.#takeInvalidDatabase();
      }
    }
    this.#takeCatalogs();
  }

  #takeInvalidDatabase(): void {
    const { bytes } = this.#current;
    const { major } = this.#version;
    const reading = { decompress: this.#catalogs.decompress, tablePageBytes: this.parts.tablePageBytes };
    const databaseOid = invalidatedDatabase({ bytes, layout: this.parts.layout, major }, reading);
    if (databaseOid !== undefined) this.#tables.addEvent({ kind: 'databaseInvalid', ...this.#place(), databaseOid });
  }

  #takeCatalogs(): void {
    const layout = this.parts.layout;
    if (!touchesCatalog(layout, this.#catalogs.files)) return;
    const { bytes } = this.#current;
    const reading = { ...this.#catalogs, tablePageBytes: this.parts.tablePageBytes };
    for (const change of catalogChanges(this.#catalogRecord(), { bytes, layout }, reading))
      this.#tables.addEvent(change);
  }

  #takeStorage(): void {
    const { xid, info } = this.#current;
    const change = decodeStorageRecord(info, this.#mainData());
    if (change === undefined) return;
    this.#tables.limitBlocks(change.file, change.kind === 'cut' ? change.blocks : 0);
    if (xid === 0) {
      if (change.kind === 'create') {
        const { file, isUnlogged } = change;
        this.#tables.addEvent({ kind: 'fileCreate', ...this.#place(), file, isUnlogged });
      }
      return;
    }
    this.#tables.addStorageChange(this.#current, change);
  }

  /** A commit or an abort that says nothing more than when. False if it is none, or says more. */
  #takePlainEnd(): boolean {
    const { bytes, xid, info, lsnHigh, lsnLow, endHigh, endLow } = this.#current;
    const { mainStart, mainEnd, originId } = this.parts.layout;
    if (originId !== undefined || !isPlainEnd(info, mainEnd - mainStart)) return false;
    const timeUs = plainEndTimeUs(bytes, mainStart);
    if (timeUs === undefined) return false;
    const end = this.#end;
    end.isCommit = isPlainCommit(info);
    end.xid = xid;
    end.lsnHigh = lsnHigh;
    end.lsnLow = lsnLow;
    end.endHigh = endHigh;
    end.endLow = endLow;
    end.timeline = this.#timeline;
    end.timeUs = timeUs;
    this.#tables.addEnd(end);
    return true;
  }

  #takeEvent(): void {
    const { lsn, endLsn, xid, resourceManager, info } = this.#current;
    const timeline = this.#timeline;
    const { originId, topXid } = this.parts.layout;
    const mainData = this.#mainData();
    const record = { lsn, endLsn, timeline, xid, resourceManager, info, mainData, topXid, originId };
    const event = decodeRecord(record, this.#version);
    if (event !== undefined) this.#takeDecoded(event);
    if (resourceManager === RM_XLOG) this.#takeImages();
  }

  /** Images of whole pages are the WAL manager's: those of rewritten tables among them. */
  #takeImages(): void {
    const layout = this.parts.layout;
    if (layout.blockCount === 0) return;
    const { bytes, info } = this.#current;
    const reading = { ...this.#catalogs, tablePageBytes: this.parts.tablePageBytes };
    if (info === XLOG_FPI) learnFromFirstPage({ bytes, layout }, reading);
    this.#takeCatalogs();
  }

  #takeDecoded(event: WalEvent): void {
    if (event.kind === 'checkpoint' || event.kind === 'endOfRecovery') {
      this.#timeline = event.thisTimeline;
      this.#tables.addEvent({ ...event, timeline: event.thisTimeline });
      return;
    }
    this.#tables.addEvent(event);
    if (event.kind !== 'relationMap') return;
    const { databaseOid, tablespaceOid } = event;
    for (const { oid, filenode } of event.files) {
      this.#catalogs.files.learn(oid, { tablespaceOid, databaseOid, filenode });
    }
  }

  /** The first of each kind is enough to know that replay needs the extension. */
  #takeCustom(): void {
    const { resourceManager } = this.#current;
    if (this.#customResourceManagers.has(resourceManager)) return;
    this.#customResourceManagers.add(resourceManager);
    this.#tables.addEvent({ kind: 'position', ...this.#place(), customResourceManager: resourceManager });
  }

  #place() {
    const { lsn, endLsn, xid } = this.#current;
    return { lsn, endLsn, timeline: this.#timeline, xid };
  }

  #catalogRecord(): CatalogRecord {
    const { resourceManager, info, xid, lsn } = this.#current;
    return { resourceManager, info, xid, lsn, major: this.#version.major, mainData: this.#mainData() };
  }

  #mainData(): Buffer {
    return this.#current.bytes.subarray(this.parts.layout.mainStart, this.parts.layout.mainEnd);
  }
}
