/**
 * Page checksums: the 16-bit sum that a cluster with `data_checksums` keeps in every page header.
 *
 * The sum is 32 FNV-1a-like sums run side by side over the page's 32-bit words, folded to one and mixed with the block
 * number. Side by side is what vector instructions are for, so the work is done by {@link pageChecksumModule}; the
 * plain form here says the same thing readably, and the tests hold the two against each other.
 *
 * It works on pages of 8192 bytes only (PostgreSQL's `BLCKSZ` as everybody builds it) and refuses others.
 *
 * Source: PostgreSQL `src/include/storage/checksum_impl.h`, `src/include/storage/bufpage.h`.
 *
 * @module
 */

import { CHECKSUM_BASE_OFFSETS, FNV_PRIME, PAGE_SIZE_BYTES } from './page-checksum-constants.ts';
import { assemblePageChecksum } from './page-checksum-wasm.ts';

const SUMS = CHECKSUM_BASE_OFFSETS.length;
const WORDS_PER_PAGE = PAGE_SIZE_BYTES / 4;
/** The word that holds `pd_checksum` (low half) and `pd_flags` (high half). */
const CHECKSUM_WORD = 2;
const WASM_PAGE_BYTES = 65_536;
const BYTES_PER_BAD_BLOCK = 4;

function mix(sum: number, word: number): number {
  const folded = sum ^ word;
  return Math.imul(folded, FNV_PRIME) ^ (folded >>> 17);
}

/** The checksum that the page at `offset` of `bytes` must carry if it is block `blockNumber` of its relation fork. */
export function pageChecksum(bytes: Uint8Array, offset: number, blockNumber: number): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset, PAGE_SIZE_BYTES);
  const sums = Int32Array.from(CHECKSUM_BASE_OFFSETS);
  for (let index = 0; index < WORDS_PER_PAGE; index++) {
    const word = view.getUint32(index * 4, true);
    const counted = index === CHECKSUM_WORD ? word & 0xffff0000 : word;
    sums[index % SUMS] = mix(sums[index % SUMS] ?? 0, counted);
  }
  const folded = sums.reduce((result, sum) => result ^ mix(mix(sum, 0), 0), 0);
  return (((folded ^ blockNumber) >>> 0) % 65_535) + 1;
}

/** The checksum stored in the page's header (`pd_checksum`). */
export function storedChecksum(bytes: Uint8Array, offset: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset + offset).getUint16(8, true);
}

/** True if the page was never written (`pd_upper` is 0): it carries no checksum. */
export function isNewPage(bytes: Uint8Array, offset: number): boolean {
  return new DataView(bytes.buffer, bytes.byteOffset + offset).getUint16(14, true) === 0;
}

/** Position of the last WAL record that changed the page (`pd_lsn`). */
export function pageLsn(bytes: Uint8Array, offset: number): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset);
  return (BigInt(view.getUint32(0, true)) << 32n) | BigInt(view.getUint32(4, true));
}

/** A verifier with memory of its own, into which pages are read. */
export interface PageVerifier {
  /** `capacityBytes` of memory: read pages to here, then ask. */
  readonly memory: Uint8Array;
  /**
   * Checks `pageCount` pages that lie one after another from `offset`, the first of which is block `firstBlock`.
   *
   * @returns the indices (from 0) of written pages whose checksum is not the one they carry.
   */
  findBadPages(offset: number, pageCount: number, firstBlock: number): number[];
}

type VerifyPages = (start: number, count: number, firstBlock: number, out: number) => number;

function isVerifyPages(value: unknown): value is VerifyPages {
  return typeof value === 'function';
}

/** A verifier whose memory holds `capacityBytes`. One per thread. */
export function createPageVerifier(capacityBytes: number): PageVerifier {
  const badBlocksBytes = Math.ceil(capacityBytes / PAGE_SIZE_BYTES) * BYTES_PER_BAD_BLOCK;
  const memory = new WebAssembly.Memory({
    initial: Math.ceil((capacityBytes + badBlocksBytes) / WASM_PAGE_BYTES) + 1,
  });
  const outStart = Math.ceil(capacityBytes / 16) * 16;
  const module = new WebAssembly.Module(assemblePageChecksum());
  const verifyPages: unknown = new WebAssembly.Instance(module, { env: { memory } }).exports['verifyPages'];
  if (!isVerifyPages(verifyPages)) throw new TypeError('the page checksum module has no verifyPages');
  return {
    memory: new Uint8Array(memory.buffer, 0, capacityBytes),
    findBadPages(offset, pageCount, firstBlock) {
      const found = verifyPages(offset, pageCount, firstBlock, outStart);
      return found === 0 ? [] : [...new Uint32Array(memory.buffer, outStart, found)];
    },
  };
}
