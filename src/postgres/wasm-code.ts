/**
 * The binary form of WebAssembly, as far as the programs here are put together from it: instructions as lists of bytes,
 * and the sections of a module that imports one memory.
 *
 * Source: the WebAssembly core specification 2.0, "Binary Format".
 *
 * @module
 */

/** A stretch of code, or part of it. */
export type Code = readonly number[];

export const I32 = 0x7f;
export const I64 = 0x7e;
export const V128 = 0x7b;

export const EQUALS_ZERO = 0x45;
export const EQUAL = 0x46;
export const NOT_EQUAL = 0x47;
export const LESS_UNSIGNED = 0x49;
export const GREATER_UNSIGNED = 0x4b;
export const NOT_LESS_UNSIGNED = 0x4f;
export const ADD = 0x6a;
export const SUBTRACT = 0x6b;
export const MULTIPLY = 0x6c;
export const REMAINDER_UNSIGNED = 0x70;
export const AND = 0x71;
export const OR = 0x72;
export const XOR = 0x73;
export const SHIFT_LEFT = 0x74;
export const SHIFT_RIGHT_UNSIGNED = 0x76;

/** An unsigned number in as few bytes as it takes. */
export function unsigned(value: number): number[] {
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

export const get = (local: number): Code => [0x20, ...unsigned(local)];
export const set = (local: number): Code => [0x21, ...unsigned(local)];
export const integer = (value: number): Code => [0x41, ...signed(value)];
export const load8 = (offset: number): Code => [0x2d, 0, ...unsigned(offset)];
export const load16 = (offset: number): Code => [0x2f, 1, ...unsigned(offset)];
/** Loads 32 bits from any address. */
export const load32 = (offset: number): Code => [0x28, 0, ...unsigned(offset)];
/** Stores 32 bits at any address. */
export const store32 = (offset: number): Code => [0x36, 0, ...unsigned(offset)];
/** An instruction on vectors of 128 bits, by its number. */
export const vector = (opcode: number, ...immediates: number[]): Code => [0xfd, ...unsigned(opcode), ...immediates];
/** Loads and stores a vector at any address. */
export const loadVector = (offset: number): Code => vector(0x00, 0, ...unsigned(offset));
export const storeVector = (offset: number): Code => vector(0x0b, 0, ...unsigned(offset));
export const XOR_VECTORS = vector(0x51);
export const loop = (...body: Code[]): Code => [0x03, 0x40, ...body.flat(), 0x0b];
export const block = (...body: Code[]): Code => [0x02, 0x40, ...body.flat(), 0x0b];
export const when = (...body: Code[]): Code => [0x04, 0x40, ...body.flat(), 0x0b];
/** Leaves the block, or goes on with the loop, that is `depth` levels out, if the value on the stack is not 0. */
export const branchIf = (depth: number): Code => [0x0d, ...unsigned(depth)];
export const call = (number: number): Code => [0x10, ...unsigned(number)];
/** local := local + by */
export const bump = (local: number, by: number): Code => [...get(local), ...integer(by), ADD, ...set(local)];

function sized(content: Code): number[] {
  return [...unsigned(content.length), ...content];
}

const nameOf = (text: string): number[] => sized(Array.from(text, (letter) => letter.charCodeAt(0)));
const section = (id: number, content: Code): number[] => [id, ...sized(content)];

/** A function of integers that gives an integer, exported by its name. */
export interface WasmFunction {
  readonly name: string;
  readonly parameters: number;
  /** Where not all of them are integers of 32 bits. */
  readonly parameterTypes?: readonly number[];
  /** How many further locals of each type. */
  readonly locals: readonly { readonly count: number; readonly type: number }[];
  readonly body: Code;
}

function functionCode({ locals, body }: WasmFunction): number[] {
  const declared = locals.flatMap(({ count, type }) => [...unsigned(count), type]);
  return sized([...unsigned(locals.length), ...declared, ...body, 0x0b]);
}

/** The bytes of a module with these functions, over the memory imported as `env.memory`. */
export function assembleModule(functions: readonly WasmFunction[]): Uint8Array<ArrayBuffer> {
  const count = unsigned(functions.length);
  const typeOf = ({ parameters, parameterTypes = Array.from({ length: parameters }, () => I32) }: WasmFunction) => [
    0x60,
    ...sized(parameterTypes),
    1,
    I32,
  ];
  const types = section(1, [...count, ...functions.flatMap(typeOf)]);
  const imports = section(2, [1, ...nameOf('env'), ...nameOf('memory'), 0x02, 0x00, 0x01]);
  const declarations = section(3, [...count, ...functions.flatMap((_, index) => unsigned(index))]);
  const exportOf = (one: WasmFunction, index: number) => [...nameOf(one.name), 0x00, ...unsigned(index)];
  const exported = section(7, [...count, ...functions.flatMap(exportOf)]);
  const code = section(10, [...count, ...functions.flatMap(functionCode)]);
  return Uint8Array.of(0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0, ...types, ...imports, ...declarations, ...exported, ...code);
}

/** The unit in which memory is given. */
export const WASM_PAGE_BYTES = 65_536;

/** A function of 32-bit integers; it gives a signed one. */
export type IntegerFunction = (...parameters: number[]) => number;

function isIntegerFunction(value: unknown): value is IntegerFunction {
  return typeof value === 'function';
}

/** Makes the functions of a module callable; what it returns gives them by name. */
export function instantiate(
  module: Uint8Array<ArrayBuffer>,
  memory: WebAssembly.Memory,
): (name: string) => IntegerFunction {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module), { env: { memory } });
  return (name) => {
    const exported: unknown = exports[name];
    if (!isIntegerFunction(exported)) throw new TypeError(`the module has no function ${name}`);
    return exported;
  };
}
