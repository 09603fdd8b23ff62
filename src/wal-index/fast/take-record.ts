/**
 * Takes whole records, in WebAssembly, as {@link RecordIndexer} does: all that are of a usual kind. What is of any other,
 * or contradicts itself, is left untouched for the reference.
 *
 * @module
 */

import {
  and,
  byteAt,
  call,
  either,
  give,
  isEqual,
  isLess,
  isMore,
  isNotEqual,
  isZero,
  minus,
  plus,
  put,
  putWord,
  raise,
  repeatWhile,
  run,
  shiftLeft,
  shiftRight,
  when,
  wordAt,
  type Procedure,
  type WasmProgram,
} from '../../postgres/wasm-program.ts';
import { FOUND_START } from '../../postgres/wal-records/page-scan.ts';
import { MAIN_FORK } from '../../postgres/wal-records/record-layout.ts';
import { PLAIN_COMMIT } from '../../postgres/wal-records/transaction-records.ts';
import {
  CRC_OFFSET,
  INFO_MASK,
  INFO_OFFSET,
  RESOURCE_MANAGER_OFFSET,
  XID_OFFSET,
} from '../../postgres/wal-records/wal-record.ts';
import { defineFiles, type FileProcedures } from './file-table.ts';
import { AT, BLOCK, BLOCK_BYTES, CHECK_BYTES, END, END_BYTES, type Tables } from './memory-layout.ts';
import { defineParse } from './parse-record.ts';
import { blockAt, putState, raiseState, rowAt, state } from './state.ts';
import { defineWork, type WorkProcedures } from './work-table.ts';
import { defineUsual, KIND, NO_ROWS } from './usual-record.ts';

/** Whether a record was taken. */
const LEFT = 0;
export const TAKEN = 1;

/** Each of what a record adds to a table takes so many bytes of it at least: the header of a block reference of the file before. */
const LEAST_BYTES_SHIFT = 3;

/** `hasRoom(bytes)`: true if every table has room for all that so many bytes of records can add. */
function defineRoom(program: WasmProgram, { rows: room }: Tables, mostFiles: number): Procedure {
  const limits = [
    ['transactionCount', room.transactions],
    ['fileRowCount', room.fileRows],
    ['endCount', room.ends],
    ['notedCount', room.noted],
    ['fileCount', mostFiles],
  ] as const;
  return program.define('hasRoom', { parameters: ['bytes'] }, ({ bytes }) => [
    put(bytes, shiftRight(bytes, LEAST_BYTES_SHIFT)),
    limits.map(([count, limit]) => when(isLess(limit, plus(state(count), bytes)), give(0))),
    isZero(state('isFull')),
  ]);
}

/** `addChecksum(crc)`: takes the checksum of a record into that of the segment; `takeChecksums()` what waits. */
function defineChecksums(program: WasmProgram, extend: Procedure): Procedure {
  const takeChecksums = program.define('takeChecksums', {}, () => [
    putState('contentCrc', call(extend, state('contentCrc'), AT.checks, plus(AT.checks, state('checkBytes')))),
    putState('checkBytes', 0),
    0,
  ]);
  return program.define('addChecksum', { parameters: ['crc'] }, ({ crc }) => [
    putWord(plus(AT.checks, state('checkBytes')), 0, crc),
    raiseState('checkBytes', 4),
    when(isEqual(state('checkBytes'), CHECK_BYTES), run(takeChecksums)),
    0,
  ]);
}

/** `addEnd(isAbort, xid, low, endHigh, endLow, time)`: an end; `time` is the address of when. */
function defineAddEnd(program: WasmProgram, { addresses }: Tables): Procedure {
  const parameters = ['isAbort', 'xid', 'low', 'endHigh', 'endLow', 'timeLow', 'timeHigh'] as const;
  return program.define('addEnd', { parameters, locals: ['row'] }, (own) => {
    const { isAbort, xid, low, endHigh, endLow, timeLow, timeHigh, row } = own;
    return [
      put(row, rowAt(addresses.ends, END_BYTES, state('endCount'))),
      putWord(row, END.isAbort, isAbort),
      putWord(row, END.xid, xid),
      putWord(row, END.low, low),
      putWord(row, END.endLow, endLow),
      putWord(row, END.endHigh, endHigh),
      putWord(row, END.timeline, state('timeline')),
      putWord(row, END.timeLow, timeLow),
      putWord(row, END.timeHigh, timeHigh),
      raiseState('endCount', 1),
      0,
    ];
  });
}

/** What the others use of the program. */
export interface RecordProcedures extends FileProcedures, WorkProcedures {
  readonly addChecksum: Procedure;
  readonly addEnd: Procedure;
}

/**
 * `take(at, end, high, low, endHigh, endLow)`: takes the record there, whose checks were passed; 0 if it is left. Its LSN and
 * that of what is behind it are told by their halves. There is room for it: that was looked at before.
 */
function defineTake(program: WasmProgram, own: RecordProcedures): Procedure {
  const { fileEntry, workNumber, noteBlock, transactionOf, addRows, addRecord, addEnd, addChecksum } = own;
  const parse = defineParse(program);
  const isUsual = defineUsual(program);
  const parameters = ['at', 'end', 'high', 'low', 'endHigh', 'endLow'] as const;
  const locals = ['xid', 'kind', 'info', 'manager', 'main', 'row', 'rowsEnd', 'file'] as const;
  return program.define('take', { parameters, locals }, (named) => {
    const { at, end, high, low, endHigh, endLow, xid, kind, info, manager, main, row, rowsEnd, file } = named;
    const inBlock = (name: keyof typeof BLOCK) => wordAt(row, BLOCK[name]);
    const first = (name: keyof typeof BLOCK) => wordAt(AT.blocks, BLOCK[name]);
    return [
      put(manager, byteAt(at, RESOURCE_MANAGER_OFFSET)),
      put(kind, byteAt(plus(AT.kinds, manager))),
      when(isEqual(kind, KIND.reference), give(LEFT)),
      put(main, call(parse, at, end)),
      when(isZero(main), give(LEFT)),
      put(info, and(byteAt(at, INFO_OFFSET), INFO_MASK)),
      when(isZero(call(isUsual, kind, manager, info, main, end)), give(LEFT)),
      put(xid, wordAt(at, XID_OFFSET)),
      when(state('blockCount'), [
        when(first('imageBytes'), putState('hasImage', 1)),
        put(row, AT.blocks),
        put(rowsEnd, blockAt(state('blockCount'))),
        repeatWhile(
          isLess(row, rowsEnd),
          when(
            isEqual(inBlock('fork'), MAIN_FORK),
            run(noteBlock, inBlock('tablespace'), inBlock('database'), inBlock('filenode'), inBlock('number')),
          ),
          raise(row, BLOCK_BYTES),
        ),
      ]),
      when(and(isNotEqual(state('member'), NO_ROWS), isNotEqual(xid, 0)), [
        put(file, call(fileEntry, first('tablespace'), first('database'), first('filenode'))),
        put(file, minus(call(workNumber, file), 1)),
        run(addRows, call(transactionOf, xid, high, low), file, state('member'), state('amount'), state('isHot')),
      ]),
      when(
        isEqual(kind, KIND.end),
        run(addEnd, isNotEqual(info, PLAIN_COMMIT), xid, low, endHigh, endLow, wordAt(main), wordAt(main, 4)),
      ),
      run(addChecksum, wordAt(at, CRC_OFFSET)),
      when(xid, run(addRecord, xid, high, low, minus(end, at))),
      TAKEN,
    ];
  });
}

/**
 * Defines `take`, and `takeFound(index, count, base, high)`: takes the records that a scan has found, from one on, and gives
 * the number of the first that is left. `base` is what makes the low half of an LSN of an address.
 */
export function defineTakes(program: WasmProgram, extend: Procedure, tables: Tables, mostFiles: number): void {
  const files = defineFiles(program, tables);
  const work = defineWork(program, tables);
  const addEnd = defineAddEnd(program, tables);
  const hasRoom = defineRoom(program, tables, mostFiles);
  const addChecksum = defineChecksums(program, extend);
  const take = defineTake(program, { ...files, ...work, addChecksum, addEnd });
  const parameters = ['index', 'count', 'base', 'high'] as const;
  const locals = ['found', 'at', 'end', 'low', 'endLow', 'endHigh'] as const;
  program.define('takeFound', { parameters, locals }, (own) => {
    const { index, count, base, high, found, at, end, low, endLow, endHigh } = own;
    const lastFound = plus(FOUND_START, shiftLeft(minus(count, 1), 3));
    const runBytes = minus(wordAt(lastFound, 4), wordAt(plus(FOUND_START, shiftLeft(index, 3))));
    return [
      when(isLess(index, count), when(isZero(call(hasRoom, runBytes)), [putState('isFull', 1), give(index)])),
      repeatWhile(
        isLess(index, count),
        put(found, plus(FOUND_START, shiftLeft(index, 3))),
        put(at, wordAt(found)),
        put(end, wordAt(found, 4)),
        put(low, plus(base, at)),
        put(endLow, plus(base, and(plus(end, 7), -8))),
        // The last record of 4 GiB ends where the next begin.
        put(endHigh, either(isMore(low, endLow), plus(high, 1), high)),
        when(isZero(call(take, at, end, high, low, endHigh, endLow)), give(index)),
        raise(index, 1),
      ),
      index,
    ];
  });
}
