/**
 * CRC-32C as WebAssembly, put together instruction by instruction: sixteen bytes a step ("slicing by 16"), which is about
 * three times as fast as JavaScript does eight.
 *
 * One function, `extend(state, start, end)`, over memory that begins with the tables. As text it would read:
 *
 * ```wat
 * (while (end - at >= 16)
 *   (state := table15[byte 0 of (state ^ word 0)] ^ … ^ table0[byte 3 of word 3])
 *   (at := at + 16))
 * (the same once with 8 bytes, once with 4, and for each byte left)
 * ```
 *
 * Source: as {@link CRC32C_TABLES}; M. E. Kounavis, F. L. Berry, "A Systematic Approach to Building High Performance
 * Software-based CRC Generators", 2005.
 *
 * @module
 */

import { CRC32C_SLICES, CRC32C_TABLE_ENTRIES, CRC32C_TABLES } from './crc32c-tables.ts';
import {
  AND,
  branchIf,
  bump,
  get,
  I32,
  integer,
  load32,
  load8,
  LESS_UNSIGNED,
  loop,
  MULTIPLY,
  NOT_LESS_UNSIGNED,
  set,
  SHIFT_LEFT,
  SHIFT_RIGHT_UNSIGNED,
  SUBTRACT,
  when,
  XOR,
  type Code,
  type WasmFunction,
} from './wasm-code.ts';

const TABLE_BYTES = 4 * CRC32C_TABLE_ENTRIES;
/** What the tables take at the start of the memory. */
export const CRC32C_TABLES_BYTES = TABLE_BYTES * CRC32C_SLICES;

const LOCAL = { state: 0, at: 1, end: 2, word: 3, first: 4 };
const LOCALS = 2;
/** A byte's number times 4: where its entry is in a table. */
const ENTRY_MASK = 0x3fc;

/** The entry of byte `number` of a word, in the table of `followingBytes`. */
function entry(word: number, number: number, followingBytes: number): Code {
  const shift =
    number === 0
      ? [...get(word), ...integer(2), SHIFT_LEFT]
      : [...get(word), ...integer(8 * number - 2), SHIFT_RIGHT_UNSIGNED];
  return [...shift, ...integer(ENTRY_MASK), AND, ...load32(TABLE_BYTES * followingBytes)];
}

/** The four entries of a word whose last byte is followed by `followingBytes`, added up. */
function entries(word: number, followingBytes: number): Code {
  const two = (number: number): Code => [
    ...entry(word, number, followingBytes + 3 - number),
    ...entry(word, number + 1, followingBytes + 2 - number),
    XOR,
  ];
  return [...two(0), ...two(2), XOR];
}

/**
 * Takes `count` bytes, a multiple of four, into the state. The first four, which wait for it, come last: what the others
 * add is looked up meanwhile.
 */
function take(count: number): Code {
  const others = Array.from({ length: count / 4 - 1 }, (_, index): Code => {
    const word = [...get(LOCAL.at), ...load32(4 * index + 4), ...set(LOCAL.word)];
    return [...word, ...entries(LOCAL.word, count - 8 - 4 * index), ...(index === 0 ? [] : [XOR])];
  });
  const first = [...get(LOCAL.at), ...load32(0), ...get(LOCAL.state), XOR, ...set(LOCAL.first)];
  const all = [...others.flat(), ...first, ...entries(LOCAL.first, count - 4), ...(count > 4 ? [XOR] : [])];
  return [...all, ...set(LOCAL.state), ...bump(LOCAL.at, count)];
}

const hasLeft = (count: number): Code => [
  ...get(LOCAL.end),
  ...get(LOCAL.at),
  SUBTRACT,
  ...integer(count),
  NOT_LESS_UNSIGNED,
];

function takeByte(): Code {
  const index = [...get(LOCAL.at), ...load8(0), ...get(LOCAL.state), XOR, ...integer(0xff), AND];
  const found = [...index, ...integer(4), MULTIPLY, ...load32(0)];
  const rest = [...get(LOCAL.state), ...integer(8), SHIFT_RIGHT_UNSIGNED];
  return [...found, ...rest, XOR, ...set(LOCAL.state), ...bump(LOCAL.at, 1)];
}

/** The function. `start` must not be behind `end`. */
export const EXTEND_CRC32C: WasmFunction = {
  name: 'extend',
  parameters: 3,
  locals: [{ count: LOCALS, type: I32 }],
  body: [
    ...hasLeft(16),
    ...when(loop(take(16), hasLeft(16), branchIf(0))),
    ...hasLeft(8),
    ...when(take(8)),
    ...hasLeft(4),
    ...when(take(4)),
    ...get(LOCAL.at),
    ...get(LOCAL.end),
    LESS_UNSIGNED,
    ...when(loop(takeByte(), get(LOCAL.at), get(LOCAL.end), [LESS_UNSIGNED], branchIf(0))),
    ...get(LOCAL.state),
  ],
};

/** Puts the tables where the function looks for them. */
export function placeCrc32cTables(memory: ArrayBuffer): void {
  new Int32Array(memory, 0, CRC32C_TABLES.length).set(CRC32C_TABLES);
}
