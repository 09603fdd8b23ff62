/**
 * The check of the whole records on one page, as WebAssembly put together instruction by instruction.
 *
 * One function, `scan(at, end, base, high, previousLow, previousHigh, out)`, over memory that begins with the tables of
 * CRC-32C. From address `at` it goes from record to record as long as each is sound and ends by `end`, writes to `out` where
 * each begins and ends (addresses, u32 each), and returns how many there are. What is wrong with the next one, if anything, it does not tell.
 * `base` is what makes the low half of an LSN of an address. As text it would read:
 *
 * ```wat
 * (block $end (loop $records
 *   (leave $end if: less than 24 bytes left, a length below 24 or longer than what is left,
 *     a link that is not (previousHigh, previousLow), an unknown resource manager,
 *     crc (data, then header up to the CRC) != the one stored)
 *   (out[2 * count] := at)  (out[2 * count++ + 1] := at + length)
 *   (previousLow := base + at)  (previousHigh := high)
 *   (leave $end if it is a segment switch)
 *   (at := at + length, to a multiple of 8)
 *   (again $records)))
 * ```
 *
 * Source: as {@link recordProblem}; the WebAssembly core specification 2.0.
 *
 * @module
 */

import { EXTEND_CRC32C } from '../crc32c-wasm.ts';
import {
  ADD,
  AND,
  assembleModule,
  block,
  branchIf,
  bump,
  call,
  EQUAL,
  get,
  GREATER_UNSIGNED,
  I32,
  integer,
  LESS_UNSIGNED,
  load16,
  load32,
  load8,
  loop,
  NOT_EQUAL,
  OR,
  set,
  store32,
  SUBTRACT,
  when,
  XOR,
  type Code,
  type WasmFunction,
} from '../wasm-code.ts';
import {
  CRC_OFFSET,
  FIRST_CUSTOM_RESOURCE_MANAGER,
  INFO_MASK,
  INFO_OFFSET,
  INFO_SWITCH,
  LAST_BUILT_IN_RESOURCE_MANAGER,
  PREVIOUS_OFFSET,
  RECORD_HEADER_BYTES,
  RESOURCE_MANAGER_OFFSET,
  RM_XLOG,
} from './wal-record.ts';

const LOCAL = { at: 0, end: 1, base: 2, high: 3, previousLow: 4, previousHigh: 5, out: 6, length: 7, count: 8 };
const LOCALS = 2;
const EXTEND = 0;
/** From the loop, out of the block around the `when` around it. */
const LEAVE = branchIf(2);

const field32 = (offset: number): Code => [...get(LOCAL.at), ...load32(offset)];
const address = (offset: number): Code => [...get(LOCAL.at), ...integer(offset), ADD];
const bytesLeft: Code = [...get(LOCAL.end), ...get(LOCAL.at), SUBTRACT];

const lengthDoesNotFit: Code = [
  ...get(LOCAL.length),
  ...integer(RECORD_HEADER_BYTES),
  LESS_UNSIGNED,
  ...get(LOCAL.length),
  ...bytesLeft,
  GREATER_UNSIGNED,
  OR,
];

const doesNotFollow: Code = [
  ...field32(PREVIOUS_OFFSET),
  ...get(LOCAL.previousLow),
  NOT_EQUAL,
  ...field32(PREVIOUS_OFFSET + 4),
  ...get(LOCAL.previousHigh),
  NOT_EQUAL,
  OR,
];

const isOfNoResourceManager: Code = [
  ...get(LOCAL.at),
  ...load8(RESOURCE_MANAGER_OFFSET),
  ...integer(LAST_BUILT_IN_RESOURCE_MANAGER + 1),
  SUBTRACT,
  ...integer(FIRST_CUSTOM_RESOURCE_MANAGER - LAST_BUILT_IN_RESOURCE_MANAGER - 1),
  LESS_UNSIGNED,
];

const crcDiffers: Code = [
  ...integer(-1),
  ...address(RECORD_HEADER_BYTES),
  ...get(LOCAL.at),
  ...get(LOCAL.length),
  ADD,
  ...call(EXTEND),
  ...get(LOCAL.at),
  ...address(CRC_OFFSET),
  ...call(EXTEND),
  ...integer(-1),
  XOR,
  ...field32(CRC_OFFSET),
  NOT_EQUAL,
];

/** The two bytes are info and, above it, the resource manager. */
const isSwitch: Code = [
  ...get(LOCAL.at),
  ...load16(INFO_OFFSET),
  ...integer(65280 | INFO_MASK),
  AND,
  ...integer((RM_XLOG << 8) | INFO_SWITCH),
  EQUAL,
];

const takeRecord: Code = [
  ...get(LOCAL.out),
  ...get(LOCAL.at),
  ...store32(0),
  ...get(LOCAL.out),
  ...get(LOCAL.at),
  ...get(LOCAL.length),
  ADD,
  ...store32(4),
  ...bump(LOCAL.out, 8),
  ...bump(LOCAL.count, 1),
  ...get(LOCAL.base),
  ...get(LOCAL.at),
  ADD,
  ...set(LOCAL.previousLow),
  ...get(LOCAL.high),
  ...set(LOCAL.previousHigh),
];

const goOn: Code = [
  ...get(LOCAL.at),
  ...get(LOCAL.length),
  ...integer(7),
  ADD,
  ...integer(-8),
  AND,
  ADD,
  ...set(LOCAL.at),
];

/** The function; {@link EXTEND_CRC32C} is the first of its module. */
export const SCAN_RECORDS: WasmFunction = {
  name: 'scan',
  parameters: 7,
  locals: [{ count: LOCALS, type: I32 }],
  body: [
    ...block(
      // An address may be aligned beyond the end; what is left is then not to be taken for much.
      [...get(LOCAL.at), ...get(LOCAL.end), LESS_UNSIGNED],
      when(
        loop(
          [...bytesLeft, ...integer(RECORD_HEADER_BYTES), LESS_UNSIGNED, ...LEAVE],
          [...field32(0), ...set(LOCAL.length)],
          [...lengthDoesNotFit, ...LEAVE],
          [...doesNotFollow, ...LEAVE],
          [...isOfNoResourceManager, ...LEAVE],
          [...crcDiffers, ...LEAVE],
          takeRecord,
          [...isSwitch, ...LEAVE],
          goOn,
          [...get(LOCAL.at), ...get(LOCAL.end), LESS_UNSIGNED, ...branchIf(0)],
        ),
      ),
    ),
    ...get(LOCAL.count),
  ],
};

/** The bytes of the module. */
export function assemblePageScan(): Uint8Array<ArrayBuffer> {
  return assembleModule([EXTEND_CRC32C, SCAN_RECORDS]);
}

/** The name of its function. */
export const SCAN = SCAN_RECORDS.name;
