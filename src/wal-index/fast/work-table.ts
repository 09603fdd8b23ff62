/**
 * What transactions do, in WebAssembly: the tables of {@link WorkColumns}, filled as {@link WorkByXid} does.
 *
 * @module
 */

import {
  and,
  call,
  give,
  isEqual,
  isLessSigned,
  isMore,
  isNotEqual,
  isZero,
  minus,
  or,
  plus,
  put,
  putWord,
  repeatWhile,
  run,
  shiftLeft,
  shiftRight,
  times,
  when,
  wordAt,
  type Pieces,
  type Procedure,
  type Value,
  type WasmProgram,
} from '../../postgres/wasm-program.ts';
import { FEW_FILES } from '../build-xid-work.ts';
import {
  FILE,
  FILE_COUNT,
  FIRST_FILE,
  FIRST_HIGH,
  FIRST_INSERT,
  FIRST_LOW,
  FLAGS,
  HAS_MOVED,
  HAS_ORIGIN,
  HAS_TOP_XID,
  HOT_UPDATED,
  INSERTED,
  INSERTED_AFTER_MOVE,
  IS_MOVE_OPEN,
  LAST_FILE,
  LAST_HIGH,
  LAST_LOW,
  MOVED_OUT,
  NEXT,
  ORIGIN_ID,
  PLACE,
  TOP_XID,
  WAL_BYTES,
  XID,
} from '../work-columns.ts';
import {
  AT,
  FILE_ROW_BYTES,
  MANY_BYTES,
  MANY_PLACES,
  TRANSACTION_BYTES,
  XID_PLACES,
  type Tables,
} from './memory-layout.ts';
import { putState, raiseState, raiseWord, rowAt, state } from './state.ts';

const WORD = 4;
const SPREAD = 0x9e3779b1 | 0;
/** `FirstNormalTransactionId`. */
const FIRST_NORMAL_XID = 3;
/** More rows of a file in a transaction than this, and the segment is one for the reference: more are beyond a word. */
const MOST_ROWS = 2 ** 30;

/** Members of a row, as words. */
const member = (row: Value, name: number): Pieces => wordAt(row, WORD * name);
const putMember = (row: Value, name: number, value: Value): Pieces => putWord(row, WORD * name, value);

/** `of(xid, high, low)`: the address of a transaction's row, begun there if this is its first record. */
function defineTransaction(program: WasmProgram, { addresses }: Tables): Procedure {
  const parameters = ['xid', 'high', 'low'] as const;
  const locals = ['at', 'place', 'number'] as const;
  return program.define('transactionOf', { parameters, locals }, ({ xid, high, low, at, place, number }) => [
    put(place, plus(AT.xidPlaces, shiftLeft(and(xid, XID_PLACES - 1), 2))),
    put(number, wordAt(place)),
    repeatWhile(
      number,
      put(at, rowAt(addresses.transactions, TRANSACTION_BYTES, minus(number, 1))),
      when(isEqual(member(at, XID), xid), give(at)),
      put(number, wordAt(plus(addresses.xidNext, shiftLeft(minus(number, 1), 2)))),
    ),
    put(at, rowAt(addresses.transactions, TRANSACTION_BYTES, state('transactionCount'))),
    putWord(plus(addresses.xidNext, shiftLeft(state('transactionCount'), 2)), 0, wordAt(place)),
    raiseState('transactionCount', 1),
    putWord(place, 0, state('transactionCount')),
    putMember(at, XID, xid),
    putMember(at, FIRST_HIGH, high),
    putMember(at, FIRST_LOW, low),
    putMember(at, LAST_HIGH, high),
    putMember(at, LAST_LOW, low),
    [WAL_BYTES, FIRST_FILE, LAST_FILE, FILE_COUNT, FIRST_INSERT, FLAGS].map((name) => putMember(at, name, 0)),
    [TOP_XID, ORIGIN_ID].map((name) => putMember(at, name, 0)),
    at,
  ]);
}

/** `addFile(at, file)`: a row for a file of the transaction at `at`, behind those that it has. */
function defineAddFile(program: WasmProgram, { addresses }: Tables): Procedure {
  const parameters = ['at', 'file', 'many'] as const;
  const locals = ['row', 'last', 'place'] as const;
  return program.define('addFile', { parameters, locals }, ({ at, file, many, row, last, place }) => {
    const count = state('fileRowCount');
    return [
      put(row, rowAt(addresses.fileRows, FILE_ROW_BYTES, count)),
      put(last, member(at, LAST_FILE)),
      put(place, member(at, FILE_COUNT)),
      putMember(row, FILE, file),
      putMember(row, NEXT, 0),
      putMember(row, PLACE, place),
      Array.from({ length: INSERTED_AFTER_MOVE - INSERTED + 1 }, (_, index) => putMember(row, INSERTED + index, 0)),
      when(isMore(place, FEW_FILES - 1), [
        putWord(rowAt(addresses.many, MANY_BYTES, count), 0, wordAt(many)),
        putWord(rowAt(addresses.many, MANY_BYTES, count), 4, at),
        putWord(many, 0, plus(count, 1)),
      ]),
      raiseState('fileRowCount', 1),
      when(
        last,
        putMember(rowAt(addresses.fileRows, FILE_ROW_BYTES, minus(last, 1)), NEXT, count),
        putMember(at, FIRST_FILE, count),
      ),
      putMember(at, LAST_FILE, count),
      putMember(at, FILE_COUNT, plus(place, 1)),
      row,
    ];
  });
}

/**
 * `fileRow(at, file)`: the address of the row of a transaction's file. The first few are looked through, the others found
 * by both numbers, the transaction's being the address of its row.
 */
function defineFileRow(program: WasmProgram, tables: Tables): Procedure {
  const { addresses } = tables;
  const addFile = defineAddFile(program, tables);
  const parameters = ['at', 'file'] as const;
  const locals = ['next', 'row', 'left', 'place', 'link'] as const;
  return program.define('fileRow', { parameters, locals }, ({ at, file, next, row, left, place, link }) => {
    const toRow = put(row, rowAt(addresses.fileRows, FILE_ROW_BYTES, minus(next, 1)));
    const isThis = isEqual(member(row, FILE), file);
    return [
      put(next, member(at, LAST_FILE)),
      when(next, [toRow, when(isThis, give(row))]),
      put(next, member(at, FIRST_FILE)),
      put(left, FEW_FILES),
      repeatWhile(
        and(isNotEqual(next, 0), isNotEqual(left, 0)),
        toRow,
        when(isThis, give(row)),
        put(next, member(row, NEXT)),
        put(left, minus(left, 1)),
      ),
      put(place, times(plus(times(at, 31), file), SPREAD)),
      put(place, plus(AT.manyPlaces, shiftLeft(shiftRight(place, 32 - Math.log2(MANY_PLACES)), 2))),
      when(next, [
        put(next, wordAt(place)),
        repeatWhile(
          next,
          toRow,
          put(link, rowAt(addresses.many, MANY_BYTES, minus(next, 1))),
          when(and(isThis, isEqual(wordAt(link, 4), at)), give(row)),
          put(next, wordAt(link)),
        ),
      ]),
      call(addFile, at, file, place),
    ];
  });
}

/**
 * `addInsert(at, row)`: the first insert behind a move to another partition is its second half; the first of all that no
 * move stands before may be that of a move in an earlier segment.
 */
function defineAddInsert(program: WasmProgram): Procedure {
  return program.define('addInsert', { parameters: ['at', 'row'], locals: ['flags'] }, ({ at, row, flags }) => [
    put(flags, member(at, FLAGS)),
    when(
      and(flags, IS_MOVE_OPEN),
      [raiseWord(row, WORD * INSERTED_AFTER_MOVE, 1), putMember(at, FLAGS, and(flags, ~IS_MOVE_OPEN))],
      when(
        and(isZero(and(flags, HAS_MOVED)), isZero(member(at, FIRST_INSERT))),
        putMember(at, FIRST_INSERT, plus(member(row, PLACE), 1)),
      ),
    ),
    0,
  ]);
}

/** What others call. */
export interface WorkProcedures {
  /** `transactionOf(xid, high, low)`: the address of its row. */
  readonly transactionOf: Procedure;
  /** `addRows(at, file, name, amount, isHot)`: rows of one record, to be counted in the member of that name. */
  readonly addRows: Procedure;
  /** `addRecord(xid, high, low, lengthBytes)`: a record of any kind, with the origin and the top transaction that it told. */
  readonly addRecord: Procedure;
}

/** Defines them. */
export function defineWork(program: WasmProgram, tables: Tables): WorkProcedures {
  const transactionOf = defineTransaction(program, tables);
  const fileRow = defineFileRow(program, tables);
  const addInsert = defineAddInsert(program);
  const ofRows = ['at', 'file', 'name', 'amount', 'isHot'] as const;
  const addRows = program.define('addRows', { parameters: ofRows, locals: ['row', 'cell'] }, (own) => {
    const { at, file, name, amount, isHot, row, cell } = own;
    return [
      put(row, call(fileRow, at, file)),
      put(cell, plus(row, shiftLeft(name, 2))),
      putWord(cell, 0, plus(wordAt(cell), amount)),
      when(or(isLessSigned(MOST_ROWS, wordAt(cell)), isLessSigned(wordAt(cell), -MOST_ROWS)), putState('isFull', 1)),
      when(isHot, raiseWord(row, WORD * HOT_UPDATED, 1)),
      when(isEqual(name, MOVED_OUT), putMember(at, FLAGS, or(member(at, FLAGS), IS_MOVE_OPEN | HAS_MOVED))),
      when(and(isEqual(name, INSERTED), isLessSigned(0, amount)), run(addInsert, at, row)),
      0,
    ];
  });
  const ofRecord = ['xid', 'high', 'low', 'lengthBytes'] as const;
  const addRecord = program.define('addRecord', { parameters: ofRecord, locals: ['at'] }, (own) => {
    const { xid, high, low, lengthBytes, at } = own;
    // Numbers go around; the newer of two is the one less than half the way ahead.
    const isNewer = isLessSigned(0, minus(xid, state('highestXid')));
    return [
      put(at, call(transactionOf, xid, high, low)),
      putMember(at, LAST_HIGH, high),
      putMember(at, LAST_LOW, low),
      raiseWord(at, WORD * WAL_BYTES, lengthBytes),
      when(state('hasTopXid'), [
        putMember(at, TOP_XID, state('topXid')),
        putMember(at, FLAGS, or(member(at, FLAGS), HAS_TOP_XID)),
      ]),
      when(state('hasOrigin'), [
        putMember(at, ORIGIN_ID, state('originId')),
        putMember(at, FLAGS, or(member(at, FLAGS), HAS_ORIGIN)),
      ]),
      when(
        and(or(isNewer, isZero(state('highestXid'))), isMore(xid, FIRST_NORMAL_XID - 1)),
        putState('highestXid', xid),
      ),
      0,
    ];
  });
  return { transactionOf, addRows, addRecord };
}
