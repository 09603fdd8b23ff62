/**
 * Writes the columns of an index, in WebAssembly, to the byte as {@link writeWorkColumns} and {@link writeEventColumns} do.
 *
 * Each function writes one column from `out` on, and gives the address behind it.
 *
 * @module
 */

import {
  and,
  call,
  isLongLess,
  isLess,
  isZero,
  long,
  longOf,
  longOfSigned,
  longAt,
  lowOfLong,
  minus,
  minusLong,
  or,
  plus,
  put,
  putByte,
  putWord,
  raise,
  repeatWhile,
  run,
  shiftLeft,
  shiftLongLeft,
  shiftLongRight,
  shiftLongRightSigned,
  when,
  wordAt,
  xorLong,
  type Local,
  type Pieces,
  type Procedure,
  type Value,
  type WasmProgram,
} from '../../postgres/wasm-program.ts';
import type { EndColumnName } from '../event-columns.ts';
import {
  FILE,
  FILE_COUNT,
  FIRST_FILE,
  FIRST_INSERT,
  FIRST_LOW,
  INSERTED,
  INSERTED_AFTER_MOVE,
  LAST_LOW,
  NEXT,
  WAL_BYTES,
  XID,
  type WorkColumnName,
} from '../work-columns.ts';
import { AT, END, END_BYTES, FILE_ENTRY, FILE_ROW_BYTES, TRANSACTION_BYTES, type Tables } from './memory-layout.ts';
import { putState, raiseState, rowAt, state } from './state.ts';

const WORD = 4;
const member = (row: Value, name: number): Pieces => wordAt(row, WORD * name);

/** Writers of one number at `out`; they give the address behind it. */
interface Writers {
  readonly unsigned: Procedure;
  readonly signed: Procedure;
}

function defineWriters(program: WasmProgram): Writers {
  const unsigned = program.define('writeUnsigned', { parameters: ['out'], longs: ['value'] }, ({ out, value }) => [
    repeatWhile(
      isZero(isLongLess(value, long(128))),
      putByte(out, 0, or(and(lowOfLong(value), 127), 128)),
      put(value, shiftLongRight(value, long(7))),
      raise(out, 1),
    ),
    putByte(out, 0, lowOfLong(value)),
    plus(out, 1),
  ]);
  const signed = program.define('writeSigned', { parameters: ['out'], longs: ['value'] }, ({ out, value }) => [
    call(unsigned, out, xorLong(shiftLongLeft(value, long(1)), shiftLongRightSigned(value, long(63)))),
  ]);
  return { unsigned, signed };
}

/** The difference of two integers without a sign, as a long. */
const difference = (value: Value, before: Value): Pieces => minusLong(longOf(value), longOf(before));

/** `NAME(out, before)`: a number of each transaction. `before` is what the first is told as the difference to. */
function defineTransactionColumns(program: WasmProgram, { addresses }: Tables, { unsigned, signed }: Writers): void {
  const define = (name: WorkColumnName, write: (row: Local, out: Local, before: Local) => Pieces): void => {
    program.define(name, { parameters: ['out', 'before'], locals: ['row', 'end'] }, ({ out, before, row, end }) => [
      put(row, addresses.transactions),
      put(end, rowAt(addresses.transactions, TRANSACTION_BYTES, state('transactionCount'))),
      repeatWhile(isLess(row, end), write(row, out, before), raise(row, TRANSACTION_BYTES)),
      out,
    ]);
  };
  const differences = (name: number) => (row: Local, out: Local, before: Local) => [
    put(out, call(signed, out, difference(member(row, name), before))),
    put(before, member(row, name)),
  ];
  const numbers = (name: number) => (row: Local, out: Local) =>
    put(out, call(unsigned, out, longOf(member(row, name))));
  define('transactions', differences(XID));
  define('begins', differences(FIRST_LOW));
  define('spans', (row, out) => put(out, call(signed, out, difference(member(row, LAST_LOW), member(row, FIRST_LOW)))));
  define('sizes', numbers(WAL_BYTES));
  define('firstInserts', numbers(FIRST_INSERT));
  define('fileCounts', numbers(FILE_COUNT));
}

/** `NAME(out)`: numbers of each file of each transaction. `files` also gives files their places, in order of first mention. */
function defineFileColumns(program: WasmProgram, { addresses }: Tables, { unsigned, signed }: Writers): void {
  const counts = Array.from({ length: INSERTED_AFTER_MOVE - INSERTED + 1 }, (_, kind) => kind);
  const define = (
    name: WorkColumnName,
    first: Pieces,
    write: (named: Readonly<Record<'row' | 'out' | 'value', Local>>) => Pieces,
  ): void => {
    const locals = ['at', 'end', 'next', 'row', 'value'] as const;
    program.define(name, { parameters: ['out'], locals }, ({ out, at, end, next, row, value }) => [
      first,
      put(at, addresses.transactions),
      put(end, rowAt(addresses.transactions, TRANSACTION_BYTES, state('transactionCount'))),
      repeatWhile(
        isLess(at, end),
        put(next, member(at, FIRST_FILE)),
        repeatWhile(
          next,
          put(row, rowAt(addresses.fileRows, FILE_ROW_BYTES, minus(next, 1))),
          write({ row, out, value }),
          put(next, member(row, NEXT)),
        ),
        raise(at, TRANSACTION_BYTES),
      ),
      out,
    ]);
  };
  const clearPlaces = program.define('clearPlaces', { locals: ['number'] }, ({ number }) => [
    putState('placeCount', 0),
    repeatWhile(
      isLess(number, state('workFileCount')),
      putWord(wordAt(plus(AT.workFiles, shiftLeft(number, 2))), FILE_ENTRY.place, 0),
      raise(number, 1),
    ),
    0,
  ]);
  define('files', run(clearPlaces), ({ row, out, value }) => [
    put(value, wordAt(plus(AT.workFiles, shiftLeft(member(row, FILE), 2)))),
    when(isZero(wordAt(value, FILE_ENTRY.place)), [
      raiseState('placeCount', 1),
      putWord(value, FILE_ENTRY.place, state('placeCount')),
    ]),
    put(value, minus(wordAt(value, FILE_ENTRY.place), 1)),
    when(isLess(value, 128), [putByte(out, 0, value), raise(out, 1)], put(out, call(unsigned, out, longOf(value)))),
  ]);
  define('kinds', [], ({ row, out, value }) => [
    put(value, 0),
    counts.map((kind) => when(member(row, INSERTED + kind), put(value, or(value, 1 << kind)))),
    putByte(out, 0, value),
    raise(out, 1),
  ]);
  define('counts', [], ({ row, out, value }) =>
    counts.map((kind) => [
      put(value, member(row, INSERTED + kind)),
      when(
        isLess(minus(value, 1), 63),
        // Nearly all: from 1 to 63, in one byte.
        [putByte(out, 0, shiftLeft(value, 1)), raise(out, 1)],
        when(value, put(out, call(signed, out, longOfSigned(value)))),
      ),
    ]));
}

/** `NAME(out, from, to)`: a number of each of these ends, most as the difference to that of the end before, which there is. */
function defineEndColumns(program: WasmProgram, { addresses }: Tables, { signed }: Writers): void {
  const define = (name: EndColumnName, write: (row: Local, out: Local, before: Pieces) => Pieces): void => {
    const parameters = ['out', 'from', 'to'] as const;
    program.define(name, { parameters, locals: ['row', 'end'] }, ({ out, from, to, row, end }) => [
      put(row, rowAt(addresses.ends, END_BYTES, from)),
      put(end, rowAt(addresses.ends, END_BYTES, to)),
      repeatWhile(isLess(row, end), write(row, out, minus(row, END_BYTES)), raise(row, END_BYTES)),
      out,
    ]);
  };
  const differences = (offset: number) => (row: Local, out: Local, before: Pieces) =>
    put(out, call(signed, out, difference(wordAt(row, offset), wordAt(before, offset))));
  define('endKinds', (row, out) => [putByte(out, 0, wordAt(row, END.isAbort)), raise(out, 1)]);
  define('endPositions', differences(END.low));
  define('endXids', differences(END.xid));
  // No record is as long as 4 GiB, so what its end is behind its start by is right, whatever goes round.
  define('endLengths', (row, out) =>
    put(out, call(signed, out, longOf(minus(wordAt(row, END.endLow), wordAt(row, END.low))))),
  );
  define('endTimelines', differences(END.timeline));
  define('endTimes', (row, out, before) =>
    put(out, call(signed, out, minusLong(longAt(row, END.timeLow), longAt(before, END.timeLow)))),
  );
}

/** Defines all columns. */
export function defineColumns(program: WasmProgram, tables: Tables): void {
  const writers = defineWriters(program);
  defineTransactionColumns(program, tables, writers);
  defineFileColumns(program, tables, writers);
  defineEndColumns(program, tables, writers);
}
