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

const VECTOR_BYTES = 16;
const VECTORS = CHECKSUM_BASE_OFFSETS.length / 4;
const ROW_BYTES = VECTORS * VECTOR_BYTES;

const I32 = 0x7f;
const V128 = 0x7b;

/** Locals: the four parameters, the working integers, then the vectors. */
const LOCAL = { page: 0, count: 1, block: 2, out: 3, index: 4, found: 5, row: 6, end: 7, sum: 8, prime: 16, work: 17 };
const INTEGER_LOCALS = 4;
const VECTOR_LOCALS = VECTORS + 2;

function unsigned(value: number): number[] {
  const bytes: number[] = [];
  let rest = value >>> 0;
  while (rest > 0x7f) {
    bytes.push((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  return [...bytes, rest];
}

function signed(value: number): number[] {
  const bytes: number[] = [];
  let rest = value | 0;
  for (;;) {
    const low = rest & 0x7f;
    rest >>= 7;
    const isLast = (rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0);
    bytes.push(isLast ? low : low | 0x80);
    if (isLast) return bytes;
  }
}

const get = (local: number): number[] => [0x20, ...unsigned(local)];
const set = (local: number): number[] => [0x21, ...unsigned(local)];
const integer = (value: number): number[] => [0x41, ...signed(value)];
const load16 = (offset: number): number[] => [0x2f, 1, ...unsigned(offset)];
const store32 = [0x36, 2, 0];
const [EQUALS_ZERO, NOT_EQUAL, LESS_UNSIGNED, ADD, MULTIPLY, REMAINDER_UNSIGNED, AND, XOR] = [
  0x45, 0x47, 0x49, 0x6a, 0x6c, 0x70, 0x71, 0x73,
];
const vector = (opcode: number, ...immediates: number[]): number[] => [0xfd, ...unsigned(opcode), ...immediates];
const loadVector = (offset: number): number[] => vector(0x00, 0, ...unsigned(offset));
const splat = vector(0x11);
const andVectors = vector(0x4e);
const xorVectors = vector(0x51);
const shiftRight = vector(0xad);
const multiplyVectors = vector(0xb5);
const lane = (number: number): number[] => vector(0x1b, number);
const loop = (...body: number[][]): number[] => [0x03, 0x40, ...body.flat(), 0x0b];
const when = (...body: number[][]): number[] => [0x04, 0x40, ...body.flat(), 0x0b];
const again = [0x0d, 0];

function words(values: readonly number[]): number[] {
  return values.flatMap((value) => [value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24]);
}

const constantVector = (values: readonly number[]): number[] => vector(0x0c, ...words(values));

/** sum := x * prime ^ x >>> 17, where x is on the stack. */
function mixInto(sum: number): number[] {
  const product = [...get(LOCAL.work), ...get(LOCAL.prime), ...multiplyVectors];
  const shifted = [...get(LOCAL.work), ...integer(17), ...shiftRight];
  return [...set(LOCAL.work), ...product, ...shifted, ...xorVectors, ...set(sum)];
}

function eachSum(code: (sum: number, number: number) => number[]): number[] {
  return Array.from({ length: VECTORS }, (_, number) => code(LOCAL.sum + number, number)).flat();
}

function addRow(isFirst: boolean): number[] {
  const withoutChecksum = [...constantVector([-1, -1, 0xffff0000, -1]), ...andVectors];
  return eachSum((sum, number) => [
    ...get(LOCAL.row),
    ...loadVector(number * VECTOR_BYTES),
    ...(isFirst && number === 0 ? withoutChecksum : []),
    ...get(sum),
    ...xorVectors,
    ...mixInto(sum),
  ]);
}

function foldToOne(): number[] {
  const rest = Array.from({ length: VECTORS - 1 }, (_, number) => [...get(LOCAL.sum + 1 + number), ...xorVectors]);
  const toWork = [...get(LOCAL.sum), ...rest.flat(), ...set(LOCAL.work)];
  const lanes = [1, 2, 3].flatMap((number) => [...get(LOCAL.work), ...lane(number), XOR]);
  return [...toWork, ...get(LOCAL.work), ...lane(0), ...lanes];
}

function checkOnePage(): number[][] {
  const bump = (local: number, by: number): number[] => [...get(local), ...integer(by), ADD, ...set(local)];
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
    when([...place, ...get(LOCAL.index), ...store32], bump(LOCAL.found, 1)),
    bump(LOCAL.page, PAGE_SIZE_BYTES),
    bump(LOCAL.block, 1),
    bump(LOCAL.index, 1),
  ];
}

function functionBody(): number[] {
  const locals = [2, INTEGER_LOCALS, I32, VECTOR_LOCALS, V128];
  const pages = loop(...checkOnePage(), [...get(LOCAL.index), ...get(LOCAL.count), LESS_UNSIGNED, ...again]);
  const body = [...integer(FNV_PRIME), ...splat, ...set(LOCAL.prime), ...get(LOCAL.count), ...when(pages)];
  return [...locals, ...body, ...get(LOCAL.found), 0x0b];
}

function sized(content: readonly number[]): number[] {
  return [...unsigned(content.length), ...content];
}

const name = (text: string): number[] => sized(Array.from(text, (letter) => letter.charCodeAt(0)));
const section = (id: number, content: readonly number[]): number[] => [id, ...sized(content)];

/** The bytes of the module. */
export function assemblePageChecksum(): Uint8Array<ArrayBuffer> {
  const types = section(1, [1, 0x60, 4, I32, I32, I32, I32, 1, I32]);
  const imports = section(2, [1, ...name('env'), ...name('memory'), 0x02, 0x00, 0x01]);
  const functions = section(3, [1, 0]);
  const exported = section(7, [1, ...name('verifyPages'), 0x00, 0x00]);
  const code = section(10, [1, ...sized(functionBody())]);
  return Uint8Array.of(0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0, ...types, ...imports, ...functions, ...exported, ...code);
}
