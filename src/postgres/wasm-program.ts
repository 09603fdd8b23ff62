/**
 * WebAssembly put together from expressions and statements with named locals, for programs that are too long to be written
 * instruction by instruction. A program is what these functions make of it: nothing is compiled before, kept beside the
 * sources, or out of date.
 *
 * A value is a number (an integer constant), a {@link Local}, or the code that computes it: an integer of 32 bits without
 * a sign, unless it is said to be long (64 bits, with a sign). Conditions are integers, 0 for false.
 *
 * Source: the WebAssembly core specification 2.0, "Binary Format".
 *
 * @module
 */

import { assembleModule, I32, I64, integer, unsigned, type WasmFunction } from './wasm-code.ts';

/** A stretch of code, in pieces. */
export type Pieces = readonly (number | Pieces)[];

/** A parameter or a local of a function. */
export interface Local {
  readonly number: number;
}

/** What an instruction takes. */
export type Value = number | Local | Pieces;

/** A function that others can call. */
export interface Procedure {
  readonly name: string;
  readonly index: number;
}

const isPieces = (value: Value): value is Pieces => Array.isArray(value);

function codeOf(value: Value): Pieces {
  if (typeof value === 'number') return integer(value);
  return isPieces(value) ? value : [0x20, unsigned(value.number)];
}

/** Appends all pieces to a list of bytes. */
function flattened(pieces: Pieces, bytes: number[]): number[] {
  for (const piece of pieces) {
    if (typeof piece === 'number') bytes.push(piece);
    else flattened(piece, bytes);
  }
  return bytes;
}

const binary =
  (opcode: number) =>
  (left: Value, right: Value): Pieces => [codeOf(left), codeOf(right), opcode];
const unary =
  (opcode: number) =>
  (value: Value): Pieces => [codeOf(value), opcode];
const load =
  (opcode: number) =>
  (address: Value, offset = 0): Pieces => [codeOf(address), opcode, 0, unsigned(offset)];
const store =
  (opcode: number) =>
  (address: Value, offset: number, value: Value): Pieces => [
    codeOf(address),
    codeOf(value),
    opcode,
    0,
    unsigned(offset),
  ];

export const plus = binary(0x6a);
export const minus = binary(0x6b);
export const times = binary(0x6c);
export const and = binary(0x71);
export const or = binary(0x72);
export const shiftLeft = binary(0x74);
export const shiftRight = binary(0x76);
export const isZero = unary(0x45);
export const isEqual = binary(0x46);
export const isNotEqual = binary(0x47);
/** Both with a sign. */
export const isLessSigned = binary(0x48);
export const isLess = binary(0x49);
export const isMore = binary(0x4b);

export const byteAt = load(0x2d);
export const halfAt = load(0x2f);
export const wordAt = load(0x28);
export const longAt = load(0x29);
export const putByte = store(0x3a);
export const putWord = store(0x36);

/** A constant of 64 bits. */
export const long = (value: number): Pieces => [0x42, integer(value).slice(1)];
/** An integer as a long: without its sign, and with it. */
export const longOf = unary(0xad);
export const longOfSigned = unary(0xac);
export const lowOfLong = unary(0xa7);
export const minusLong = binary(0x7d);
export const xorLong = binary(0x85);
export const shiftLongLeft = binary(0x86);
export const shiftLongRight = binary(0x88);
export const shiftLongRightSigned = binary(0x87);
export const isLongLess = binary(0x54);

/** Sets a local. */
export const put = (local: Local, value: Value): Pieces => [codeOf(value), 0x21, unsigned(local.number)];
/** Adds to a local. */
export const raise = (local: Local, by: Value): Pieces => put(local, plus(local, by));
/** Returns from the function. */
export const give = (value: Value): Pieces => [codeOf(value), 0x0f];
/** Calls a function for its value. */
export const call = (procedure: Procedure, ...values: readonly Value[]): Pieces => [
  values.map(codeOf),
  0x10,
  unsigned(procedure.index),
];
/** Calls a function for what it does. */
export const run = (procedure: Procedure, ...values: readonly Value[]): Pieces => [call(procedure, ...values), 0x1a];

/** Statements if a condition is true, and others if it is not. */
export const when = (condition: Value, then: Pieces, otherwise?: Pieces): Pieces => [
  codeOf(condition),
  0x04,
  0x40,
  then,
  otherwise === undefined ? [] : [0x05, otherwise],
  0x0b,
];

/** One of two values; both are computed. */
export const either = (condition: Value, value: Value, otherwise: Value): Pieces => [
  codeOf(value),
  codeOf(otherwise),
  codeOf(condition),
  0x1b,
];

/** Statements again and again, as long as a condition is true before them. */
export const repeatWhile = (condition: Value, ...body: Pieces): Pieces => [
  codeOf(condition),
  [0x04, 0x40, 0x03, 0x40],
  body,
  codeOf(condition),
  [0x0d, 0, 0x0b, 0x0b],
];

/** The names of a function's parameters and locals, which begin as 0. */
export interface Names<P extends string, L extends string, G extends string> {
  readonly parameters?: readonly P[];
  readonly locals?: readonly L[];
  /** Parameters of 64 bits, behind the others. */
  readonly longs?: readonly G[];
}

/** The functions of a module, each defined before it is called. */
export class WasmProgram {
  readonly #functions: WasmFunction[] = [];

  /** Takes in a function that was put together by itself. One that calls others must come at the place that it takes them to have. */
  include(one: WasmFunction): Procedure {
    const index = this.#functions.push(one) - 1;
    return { name: one.name, index };
  }

  /**
   * Defines a function that gives an integer.
   *
   * @param body its statements; the last leaves the value that it gives.
   */
  define<P extends string = never, L extends string = never, G extends string = never>(
    name: string,
    { parameters = [], locals = [], longs = [] }: Names<P, L, G>,
    body: (named: Readonly<Record<P | L | G, Local>>) => readonly Value[],
  ): Procedure {
    const order = [...parameters, ...longs, ...locals];
    const entries = order.map((one, number): [string, Local] => [one, { number }]);
    // Every name of the three lists has its member.
    const named = Object.fromEntries(entries) as Readonly<Record<P | L | G, Local>>;
    const code = flattened(body(named).map(codeOf), []);
    const types = [...parameters.map(() => I32), ...longs.map(() => I64)];
    const declared = locals.length === 0 ? [] : [{ count: locals.length, type: I32 }];
    return this.include({ name, parameters: types.length, parameterTypes: types, locals: declared, body: code });
  }

  /** The bytes of the module, over the memory imported as `env.memory`. */
  assemble(): Uint8Array<ArrayBuffer> {
    return assembleModule(this.#functions);
  }
}
