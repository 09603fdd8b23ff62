/**
 * CRC-32C (Castagnoli), the checksum of WAL records, of `pg_control` and of two-phase state files.
 *
 * Long stretches are done by WebAssembly, piece by piece through a small memory of its own, the longest folded; short ones
 * here, eight bytes a step, since what is copied and called costs more than it saves.
 *
 * Source: `src/include/port/pg_crc32c.h`, `src/port/pg_crc32c_sb8.c` (polynomial 0x82F63B78, reflected).
 *
 * @module
 */

import { FOLD_CRC32C, FOLD_WORK_BYTES, SHORTEST_FOLDED_BYTES } from './crc32c-fold-wasm.ts';
import { CRC32C_TABLES } from './crc32c-tables.ts';
import { CRC32C_TABLES_BYTES, EXTEND_CRC32C, placeCrc32cTables } from './crc32c-wasm.ts';
import { assembleModule, instantiate, WASM_PAGE_BYTES } from './wasm-code.ts';

/** From how many bytes on WebAssembly is faster, its copy included. */
const LONG_BYTES = 256;
/** From how many bytes on folding is faster: half as much again as it can take. */
const FOLDED_BYTES = 1.5 * SHORTEST_FOLDED_BYTES;
/** Copied and checked at once. */
const PIECE_BYTES = 32 * 1024;
const PIECE_START = CRC32C_TABLES_BYTES;
const WORK_START = PIECE_START + PIECE_BYTES;

const LONG = prepareLong();

function prepareLong() {
  const sizeBytes = WORK_START + PIECE_BYTES + FOLD_WORK_BYTES;
  const memory = new WebAssembly.Memory({ initial: Math.ceil(sizeBytes / WASM_PAGE_BYTES) });
  const functionOf = instantiate(assembleModule([EXTEND_CRC32C, FOLD_CRC32C]), memory);
  placeCrc32cTables(memory.buffer);
  const [extend, fold] = [functionOf(EXTEND_CRC32C.name), functionOf(FOLD_CRC32C.name)];
  return { memory: new Uint8Array(memory.buffer), extend, fold };
}

/** The state before the first byte, for {@link extendCrc32c}. */
export const CRC32C_START = -1;

/**
 * Takes `bytes[start .. end)` into a running state.
 *
 * @param state {@link CRC32C_START}, or what an earlier call returned. Signed 32 bits.
 */
export function extendCrc32c(state: number, bytes: Uint8Array, start: number, end: number): number {
  return end - start < LONG_BYTES ? extendShort(state, bytes, start, end) : extendLong(state, bytes, start, end);
}

function extendLong(state: number, bytes: Uint8Array, start: number, end: number): number {
  let crc = state;
  for (let at = start; at < end; at += PIECE_BYTES) {
    const piece = bytes.subarray(at, Math.min(at + PIECE_BYTES, end));
    const pieceEnd = PIECE_START + piece.length;
    LONG.memory.set(piece, PIECE_START);
    crc =
      piece.length < FOLDED_BYTES
        ? LONG.extend(crc, PIECE_START, pieceEnd)
        : LONG.fold(crc, PIECE_START, pieceEnd, WORK_START);
  }
  return crc;
}

function extendShort(state: number, bytes: Uint8Array, start: number, end: number): number {
  const table = CRC32C_TABLES;
  let crc = state;
  let at = start;
  // `?? 0` is for the compiler: no index here is out of range, and V8 drops the test.
  for (const whole = end - 7; at < whole; at += 8) {
    const b0 = (bytes[at] ?? 0) ^ (crc & 0xff);
    const b1 = (bytes[at + 1] ?? 0) ^ ((crc >>> 8) & 0xff);
    const b2 = (bytes[at + 2] ?? 0) ^ ((crc >>> 16) & 0xff);
    const b3 = (bytes[at + 3] ?? 0) ^ (crc >>> 24);
    crc =
      (table[1792 + b0] ?? 0) ^
      (table[1536 + b1] ?? 0) ^
      (table[1280 + b2] ?? 0) ^
      (table[1024 + b3] ?? 0) ^
      (table[768 + (bytes[at + 4] ?? 0)] ?? 0) ^
      (table[512 + (bytes[at + 5] ?? 0)] ?? 0) ^
      (table[256 + (bytes[at + 6] ?? 0)] ?? 0) ^
      (table[bytes[at + 7] ?? 0] ?? 0);
  }
  for (; at < end; at += 1) crc = (crc >>> 8) ^ (table[(crc ^ (bytes[at] ?? 0)) & 0xff] ?? 0);
  return crc;
}

/** The finished checksum of a state: unsigned 32 bits, as it stands in files. */
export function finishCrc32c(state: number): number {
  return ~state >>> 0;
}

/** The checksum of `bytes[start .. end)`. */
export function crc32c(bytes: Uint8Array, start = 0, end = bytes.length): number {
  return finishCrc32c(extendCrc32c(CRC32C_START, bytes, start, end));
}
