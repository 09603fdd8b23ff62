/**
 * Tells in WebAssembly of which records nothing is to be kept but what is counted, and counts their rows.
 *
 * @module
 */

import {
  and,
  byteAt,
  call,
  give,
  halfAt,
  isEqual,
  isLess,
  isNotEqual,
  isZero,
  minus,
  or,
  plus,
  put,
  raise,
  repeatWhile,
  shiftLeft,
  shiftRight,
  when,
  wordAt,
  type Pieces,
  type Procedure,
  type Value,
  type WasmProgram,
} from '../../postgres/wasm-program.ts';
import { MAIN_FORK } from '../../postgres/wal-records/record-layout.ts';
import {
  DELETE_BYTES,
  DELETE_FLAGS_OFFSET,
  DELETE_IS_PARTITION_MOVE,
  DELETE_IS_SUPER,
  HEAP2_MULTI_INSERT,
  HEAP_DELETE,
  HEAP_HOT_UPDATE,
  HEAP_INIT_PAGE,
  HEAP_INPLACE,
  HEAP_INSERT,
  HEAP_OPERATION_MASK,
  HEAP_TRUNCATE,
  HEAP_UPDATE,
  INSERT_BYTES,
  MULTI_INSERT_BYTES,
  RM_HEAP2,
  UPDATE_BYTES,
} from '../../postgres/wal-records/row-records.ts';
import { PLAIN_ABORT, PLAIN_COMMIT, PLAIN_END_BYTES } from '../../postgres/wal-records/transaction-records.ts';
import { PASSED_OVER_INFOS, XLOG_FPI } from '../../postgres/wal-records/xlog-records.ts';
import { DELETED, INSERTED, MOVED_OUT, UPDATED } from '../work-columns.ts';
import { AT, BLOCK, BLOCK_BYTES, WATCHED_BITS } from './memory-layout.ts';
import { blockAt, putState, state } from './state.ts';

/** What is done with the records of a resource manager. */
export const KIND = { reference: 0, plain: 1, rows: 2, end: 3, pages: 4 } as const;

/** Nothing is kept of the record here: it is left to the reference. */
const LEFT = 0;
const USUAL = 1;

/** In place of the member that rows are counted in. */
export const NO_ROWS = 0;
/** Of an end's time, the high half: 142 years before and after 2000, which are exact as numbers. */
const NEAR_TIME = 2 ** 20;

/** `isWatched()`: true if a block of the record may be one of a naming catalog. */
function defineWatched(program: WasmProgram): Procedure {
  return program.define('isWatched', { locals: ['row', 'end', 'filenode'] }, ({ row, end, filenode }) => {
    const bit = and(shiftRight(byteAt(plus(AT.watched, shiftRight(filenode, 3))), and(filenode, 7)), 1);
    return [
      put(row, AT.blocks),
      put(end, blockAt(state('blockCount'))),
      repeatWhile(
        isLess(row, end),
        put(filenode, and(wordAt(row, BLOCK.filenode), WATCHED_BITS - 1)),
        when(and(isEqual(wordAt(row, BLOCK.fork), MAIN_FORK), bit), give(1)),
        raise(row, BLOCK_BYTES),
      ),
      0,
    ];
  });
}

/** `isFirstPage()`: true if a block of the record is the image of the first page of a file of a database. */
function defineFirstPage(program: WasmProgram): Procedure {
  return program.define('isFirstPage', { locals: ['row', 'end'] }, ({ row, end }) => [
    put(row, AT.blocks),
    put(end, blockAt(state('blockCount'))),
    repeatWhile(
      isLess(row, end),
      when(
        and(
          and(isZero(wordAt(row, BLOCK.number)), isEqual(wordAt(row, BLOCK.fork), MAIN_FORK)),
          and(isNotEqual(wordAt(row, BLOCK.imageBytes), 0), isNotEqual(wordAt(row, BLOCK.database), 0)),
        ),
        give(1),
      ),
      raise(row, BLOCK_BYTES),
    ),
    0,
  ]);
}

const rows = (name: number, amount: Value, isHot = 0): Pieces => [
  putState('member', name),
  putState('amount', amount),
  putState('isHot', isHot),
];

/** `countRows(resourceManager, info, main, end)`: what {@link countRows} says; LEFT if that would say an error. */
function defineCountRows(program: WasmProgram): Procedure {
  const parameters = ['resourceManager', 'info', 'main', 'end'] as const;
  const locals = ['operation', 'mainBytes', 'flags', 'amount'] as const;
  return program.define('countRows', { parameters, locals }, (own) => {
    const { resourceManager, info, main, end, operation, mainBytes, flags, amount } = own;
    const needs = (lengthBytes: Value): Pieces => when(isLess(mainBytes, lengthBytes), give(LEFT));
    const is = (one: number): Pieces => isEqual(operation, one);
    const multiInsert = [
      needs(MULTI_INSERT_BYTES),
      put(amount, halfAt(main, 2)),
      when(isZero(and(info, HEAP_INIT_PAGE)), needs(plus(MULTI_INSERT_BYTES, shiftLeft(amount, 1)))),
      rows(INSERTED, amount),
    ];
    const deletion = [
      needs(DELETE_BYTES),
      put(flags, byteAt(main, DELETE_FLAGS_OFFSET)),
      rows(DELETED, 1),
      when(and(flags, DELETE_IS_PARTITION_MOVE), rows(MOVED_OUT, 1)),
      when(and(flags, DELETE_IS_SUPER), rows(INSERTED, -1)),
    ];
    return [
      rows(NO_ROWS, 0),
      put(operation, and(info, HEAP_OPERATION_MASK)),
      put(mainBytes, minus(end, main)),
      when(isEqual(resourceManager, RM_HEAP2), when(is(HEAP2_MULTI_INSERT), multiInsert), [
        when(is(HEAP_INSERT), [needs(INSERT_BYTES), rows(INSERTED, 1)]),
        when(is(HEAP_UPDATE), [needs(UPDATE_BYTES), rows(UPDATED, 1)]),
        when(is(HEAP_HOT_UPDATE), [needs(UPDATE_BYTES), rows(UPDATED, 1, 1)]),
        when(is(HEAP_DELETE), deletion),
        when(or(is(HEAP_TRUNCATE), is(HEAP_INPLACE)), give(LEFT)),
      ]),
      // Rows are in the file of the block whose number is 0.
      when(
        and(
          isNotEqual(state('member'), NO_ROWS),
          or(isZero(state('blockCount')), isNotEqual(wordAt(AT.blocks, BLOCK.id), 0)),
        ),
        give(LEFT),
      ),
      USUAL,
    ];
  });
}

/** `isUsual(kind, resourceManager, info, main, end)`: true if nothing is to be told of the record but what is counted. */
export function defineUsual(program: WasmProgram): Procedure {
  const isWatched = defineWatched(program);
  const isFirstPage = defineFirstPage(program);
  const countRows = defineCountRows(program);
  const parameters = ['kind', 'resourceManager', 'info', 'main', 'end'] as const;
  return program.define('isUsual', { parameters, locals: ['isNear'] }, (own) => {
    const { kind, resourceManager, info, main, end, isNear } = own;
    const isInfo = (infos: readonly number[]) => infos.map((one) => isEqual(info, one)).reduce((a, b) => or(a, b));
    return [
      putState('member', NO_ROWS),
      when(isEqual(kind, KIND.rows), [
        when(isZero(call(countRows, resourceManager, info, main, end)), give(LEFT)),
        give(isZero(call(isWatched))),
      ]),
      when(isEqual(kind, KIND.end), [
        when(or(state('hasOrigin'), isNotEqual(minus(end, main), PLAIN_END_BYTES)), give(LEFT)),
        put(isNear, isLess(plus(wordAt(main, 4), NEAR_TIME), 2 * NEAR_TIME)),
        give(and(isInfo([PLAIN_COMMIT, PLAIN_ABORT]), isNear)),
      ]),
      when(isEqual(kind, KIND.pages), [
        when(isZero(isInfo(PASSED_OVER_INFOS)), give(LEFT)),
        when(isEqual(info, XLOG_FPI), when(call(isFirstPage), give(LEFT))),
        give(isZero(call(isWatched))),
      ]),
      USUAL,
    ];
  });
}
