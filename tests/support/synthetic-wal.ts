/**
 * WAL written by the test itself, byte by byte as the format says: any record anywhere, over any border.
 *
 * @module
 */

import { lsn, type Lsn } from '../../src/postgres/lsn.ts';
import { versionByMajor } from '../../src/postgres/versions.ts';
import { relinkedRecord, syntheticRecord, type SyntheticRecord } from './synthetic-record.ts';

const PAGE_BYTES = 8192;
export const SYNTHETIC_SEGMENT_BYTES = 1024 * 1024;
export const SYNTHETIC_SYSTEM = 7_000_000_000_000_000_001n;

/** Writes records one behind the other from the start of a segment on. */
export class SyntheticWal {
  readonly #pages: Buffer[] = [];
  readonly #startLsn: bigint;
  readonly #magic: number;
  readonly #timeline: number;
  #at: bigint;
  #previous = 0n;

  constructor(options: { readonly firstSegment?: bigint; readonly major?: number; readonly timeline?: number } = {}) {
    this.#startLsn = (options.firstSegment ?? 1n) * BigInt(SYNTHETIC_SEGMENT_BYTES);
    this.#at = this.#startLsn;
    this.#timeline = options.timeline ?? 1;
    this.#magic = versionByMajor(options.major ?? 15).walPageMagic;
  }

  /** Where the next record will begin. */
  get position(): Lsn {
    return lsn(this.#at % BigInt(PAGE_BYTES) === 0n ? this.#at + BigInt(this.#headerBytes(this.#at)) : this.#at);
  }

  /** Bytes left on the page. */
  get roomBytes(): number {
    return PAGE_BYTES - Number(this.position % BigInt(PAGE_BYTES));
  }

  /** Appends a record; its LSN. */
  append(record: SyntheticRecord): Lsn {
    return this.#write(syntheticRecord(record, this.#previous));
  }

  /** Appends a record of other WAL: its link and CRC are made to fit here. Its LSN. */
  transplant(record: Buffer): Lsn {
    return this.#write(relinkedRecord(record, this.#previous));
  }

  #write(bytes: Buffer): Lsn {
    const start = this.position;
    this.#previous = start;
    let written = 0;
    while (written < bytes.length) {
      const page = this.#pageAt(this.#at, written === 0 ? 0 : bytes.length - written);
      const inPage = Number(this.#at % BigInt(PAGE_BYTES));
      const take = Math.min(bytes.length - written, PAGE_BYTES - inPage);
      bytes.copy(page, inPage, written, written + take);
      written += take;
      this.#at += BigInt(take);
    }
    this.#at = ((this.#at + 7n) / 8n) * 8n;
    return start;
  }

  /** A record whose data fill the page up to `leaveBytes` before its end (or up to the one after it). */
  fillPage(leaveBytes: number): Lsn {
    const overheadBytes = 24 + 5;
    const lengthBytes = this.roomBytes - leaveBytes - overheadBytes;
    const room = lengthBytes > 300 ? lengthBytes : lengthBytes + PAGE_BYTES - 24;
    return this.append({ resourceManager: 10, mainData: Buffer.alloc(room, 0x5a) });
  }

  /** The bytes of a record that would follow the last one; it is not appended. */
  standAlone(record: SyntheticRecord): Buffer {
    return syntheticRecord(record, this.#previous);
  }

  /** The whole segments, the last one filled with zeros. */
  segments(): { fileName: string; startLsn: Lsn; bytes: Buffer }[] {
    const all = Buffer.concat(this.#pages);
    const count = Math.ceil(all.length / SYNTHETIC_SEGMENT_BYTES);
    return Array.from({ length: count }, (_, index) => {
      const bytes = Buffer.alloc(SYNTHETIC_SEGMENT_BYTES);
      all.copy(bytes, 0, index * SYNTHETIC_SEGMENT_BYTES);
      const startLsn = lsn(this.#startLsn + BigInt(index * SYNTHETIC_SEGMENT_BYTES));
      return { fileName: `segment ${index}`, startLsn, bytes };
    });
  }

  #headerBytes(at: bigint): number {
    return at % BigInt(SYNTHETIC_SEGMENT_BYTES) === 0n ? 40 : 24;
  }

  /** The page that holds `#at`; begins a new one, with `restBytes` of a record still to come, at its start. */
  #pageAt(at: bigint, restBytes: number): Buffer {
    const index = Number((at - this.#startLsn) / BigInt(PAGE_BYTES));
    const existing = this.#pages[index];
    if (existing !== undefined) return existing;
    const page = Buffer.alloc(PAGE_BYTES);
    const headerBytes = this.#headerBytes(at);
    page.writeUInt16LE(this.#magic, 0);
    page.writeUInt16LE((restBytes > 0 ? 1 : 0) | (headerBytes === 40 ? 2 : 0) | 4, 2);
    page.writeUInt32LE(this.#timeline, 4);
    page.writeBigUInt64LE(at, 8);
    page.writeUInt32LE(restBytes, 16);
    if (headerBytes === 40) {
      page.writeBigUInt64LE(SYNTHETIC_SYSTEM, 24);
      page.writeUInt32LE(SYNTHETIC_SEGMENT_BYTES, 32);
      page.writeUInt32LE(PAGE_BYTES, 36);
    }
    this.#pages[index] = page;
    this.#at += BigInt(headerBytes);
    return page;
  }
}

/** The main data of a COMMIT or ABORT without extras. */
export function endData(timeUs: bigint): Buffer {
  const data = Buffer.alloc(8);
  data.writeBigInt64LE(timeUs - 946_684_800_000_000n);
  return data;
}

/** WAL that fills two segments and a part of the third. */
export function longWal(): { wal: SyntheticWal; lsns: Lsn[] } {
  const wal = new SyntheticWal();
  const lsns: Lsn[] = [];
  for (let step = 0; step < 300; step += 1) {
    lsns.push(wal.append({ resourceManager: 10, xid: step, mainData: Buffer.alloc((step * 7919) % 20_000, step) }));
    lsns.push(wal.append({ resourceManager: 1, xid: step, mainData: endData(BigInt(step)) }));
  }
  return { wal, lsns };
}
