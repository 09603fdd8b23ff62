/**
 * The page checksum as WebAssembly with 128-bit vectors, put together instruction by instruction.
 *
 * One function, `verifyPages(start, count, firstBlock, out)`, over the memory imported as `env.memory`: it computes the
 * checksum of `count` pages from byte `start`, and writes the index (u32) of each written page whose stored checksum
 * differs to `out`. It returns how many there are. As text it would read:
 *
 * ```wat
 * (loop $pages
 *   (sums := base offsets)                         ;; 8 vectors of 4 sums
 *   (loop $rows                                    ;; 64 rows of 128 bytes
 *     (for each vector: x := sum ^ row; sum := x * prime ^ x >>> 17))
 *   (twice, for each vector: sum := sum * prime ^ sum >>> 17)
 *   (fold the 32 sums by xor, mix in the block number, % 65535 + 1)
 *   (if written and different: out[found++] := index))
 * ```
 *
 * The first vector of a page is masked, because the stored checksum itself counts as zero. That makes the first row its
 * own code, before the loop over the other 63.
 *
 * Source: PostgreSQL `src/include/storage/checksum_impl.h`; the WebAssembly core specification 2.0, "Binary Format".
 *
 * @module
 */

import { CHECKSUM_BASE_OFFSETS, FNV_PRIME, PAGE_SIZE_BYTES } from './page-checksum-constants.ts';
import {
  ADD,
  AND,
  assembleModule,
  branchIf,
  bump,
  EQUALS_ZERO,
  get,
  I32,
  integer,
  LESS_UNSIGNED,
  load16,
  loadVector,
  loop,
  MULTIPLY,
  NOT_EQUAL,
  REMAINDER_UNSIGNED,
  set,
  store32,
  V128,
  vector,
  when,
  XOR,
  XOR_VECTORS,
  type Code,
} from './wasm-code.ts';

const VECTOR_BYTES = 16;
const VECTORS = CHECKSUM_BASE_OFFSETS.length / 4;
const ROW_BYTES = VECTORS * VECTOR_BYTES;

/** Locals: the four parameters, the working integers, then the vectors. */
const LOCAL = { page: 0, count: 1, block: 2, out: 3, index: 4, found: 5, row: 6, end: 7, sum: 8, prime: 16, work: 17 };
const INTEGER_LOCALS = 4;
const VECTOR_LOCALS = VECTORS + 2;

const splat = vector(0x11);
const andVectors = vector(0x4e);
const shiftRight = vector(0xad);
const multiplyVectors = vector(0xb5);
const lane = (number: number): Code => vector(0x1b, number);
const again = branchIf(0);

function words(values: readonly number[]): number[] {
  return values.flatMap((value) => [value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24]);
}

const constantVector = (values: readonly number[]): Code => vector(0x0c, ...words(values));

/** sum := x * prime ^ x >>> 17, where x is on the stack. */
function mixInto(sum: number): Code {
  const product = [...get(LOCAL.work), ...get(LOCAL.prime), ...multiplyVectors];
  const shifted = [...get(LOCAL.work), ...integer(17), ...shiftRight];
  return [...set(LOCAL.work), ...product, ...shifted, ...XOR_VECTORS, ...set(sum)];
}

function eachSum(code: (sum: number, number: number) => Code): Code {
  return Array.from({ length: VECTORS }, (_, number) => code(LOCAL.sum + number, number)).flat();
}

function addRow(isFirst: boolean): Code {
  const withoutChecksum = [...constantVector([-1, -1, 0xffff0000, -1]), ...andVectors];
  return eachSum((sum, number) => [
    ...get(LOCAL.row),
    ...loadVector(number * VECTOR_BYTES),
    ...(isFirst && number === 0 ? withoutChecksum : []),
    ...get(sum),
    ...XOR_VECTORS,
    ...mixInto(sum),
  ]);
}

function foldToOne(): Code {
  const rest = Array.from({ length: VECTORS - 1 }, (_, number) => [...get(LOCAL.sum + 1 + number), ...XOR_VECTORS]);
  const toWork = [...get(LOCAL.sum), ...rest.flat(), ...set(LOCAL.work)];
  const lanes = [1, 2, 3].flatMap((number) => [...get(LOCAL.work), ...lane(number), XOR]);
  return [...toWork, ...get(LOCAL.work), ...lane(0), ...lanes];
}

function checkOnePage(): Code[] {
  const expected = [
    ...foldToOne(),
    ...get(LOCAL.block),
    XOR,
    ...integer(65_535),
    REMAINDER_UNSIGNED,
    ...integer(1),
    ADD,
  ];
  const differs = [...expected, ...get(LOCAL.page), ...load16(8), NOT_EQUAL];
  const isWritten = [...get(LOCAL.page), ...load16(14), EQUALS_ZERO, EQUALS_ZERO];
  const place = [...get(LOCAL.out), ...get(LOCAL.found), ...integer(4), MULTIPLY, ADD];
  return [
    eachSum((sum, number) => [...constantVector(CHECKSUM_BASE_OFFSETS.slice(number * 4, number * 4 + 4)), ...set(sum)]),
    [...get(LOCAL.page), ...set(LOCAL.row)],
    [...get(LOCAL.page), ...integer(PAGE_SIZE_BYTES), ADD, ...set(LOCAL.end)],
    addRow(true),
    bump(LOCAL.row, ROW_BYTES),
    loop(addRow(false), bump(LOCAL.row, ROW_BYTES), [...get(LOCAL.row), ...get(LOCAL.end), LESS_UNSIGNED, ...again]),
    eachSum((sum) => [...get(sum), ...mixInto(sum)]),
    eachSum((sum) => [...get(sum), ...mixInto(sum)]),
    [...differs, ...isWritten, AND],
    when([...place, ...get(LOCAL.index), ...store32(0)], bump(LOCAL.found, 1)),
    bump(LOCAL.page, PAGE_SIZE_BYTES),
    bump(LOCAL.block, 1),
    bump(LOCAL.index, 1),
  ];
}

function functionBody(): Code {
  const pages = loop(...checkOnePage(), [...get(LOCAL.index), ...get(LOCAL.count), LESS_UNSIGNED, ...again]);
  const body = [...integer(FNV_PRIME), ...splat, ...set(LOCAL.prime), ...get(LOCAL.count), ...when(pages)];
  return [...body, ...get(LOCAL.found)];
}

/** The bytes of the module. */
export function assemblePageChecksum(): Uint8Array<ArrayBuffer> {
  const locals = [
    { count: INTEGER_LOCALS, type: I32 },
    { count: VECTOR_LOCALS, type: V128 },
  ];
  return assembleModule([{ name: 'verifyPages', parameters: 4, locals, body: functionBody() }]);
}
