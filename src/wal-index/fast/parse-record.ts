/**
 * Finds the parts of a record, in WebAssembly: the rules are those of {@link RecordLayout}, which is what to read.
 *
 * `parse(at, end)` looks at the record there, and gives the address of its main data, 0 for what is left to the reference. It
 * leaves the block references, the top transaction and the origin in memory.
 *
 * @module
 */

import {
  and,
  byteAt,
  call,
  either,
  give,
  halfAt,
  isEqual,
  isLess,
  isMore,
  isNotEqual,
  isZero,
  minus,
  or,
  plus,
  put,
  putWord,
  raise,
  repeatWhile,
  shiftRight,
  when,
  wordAt,
  type Procedure,
  type WasmProgram,
} from '../../postgres/wasm-program.ts';
import {
  BLOCK_HAS_DATA,
  BLOCK_HAS_IMAGE,
  BLOCK_SAME_RELATION,
  FORK_MASK,
  ID_DATA_LONG,
  ID_DATA_SHORT,
  ID_ORIGIN,
  ID_TOP_XID,
  IMAGE_HAS_HOLE,
  INIT_FORK,
  LAST_BLOCK_ID,
} from '../../postgres/wal-records/record-layout.ts';
import { RECORD_HEADER_BYTES } from '../../postgres/wal-records/wal-record.ts';
import { BLOCK, BLOCK_BYTES } from './memory-layout.ts';
import { blockAt, putState, raiseState, state } from './state.ts';

const NONE = 0;

/** `takeImage(at, end, row)`: the header of an image; where the next header begins. */
function defineImage(program: WasmProgram): Procedure {
  const parameters = ['at', 'end', 'row'] as const;
  const locals = ['imageBytes', 'holeOffset', 'holeBytes', 'hasHole', 'compression', 'next'] as const;
  return program.define('takeImage', { parameters, locals }, (own) => {
    const { at, end, row, imageBytes, holeOffset, holeBytes, hasHole, compression, next } = own;
    const pageBytes = state('tablePageBytes');
    const holeContradicts = or(
      or(isNotEqual(hasHole, isMore(holeBytes, 0)), isNotEqual(hasHole, isMore(holeOffset, 0))),
      isMore(plus(holeOffset, holeBytes), pageBytes),
    );
    return [
      when(isMore(plus(at, 5), end), give(NONE)),
      put(imageBytes, halfAt(at)),
      put(holeOffset, halfAt(at, 2)),
      put(hasHole, and(byteAt(at, 4), IMAGE_HAS_HOLE)),
      put(compression, and(byteAt(at, 4), state('compressedImageBits'))),
      put(next, plus(at, 5)),
      when(or(isZero(imageBytes), isMore(imageBytes, pageBytes)), give(NONE)),
      when(
        compression,
        [
          when(hasHole, [put(next, plus(at, 7)), when(isMore(next, end), give(NONE)), put(holeBytes, halfAt(at, 5))]),
          // Not shorter than the page, or compressed in two ways.
          when(or(isEqual(imageBytes, pageBytes), and(compression, minus(compression, 1))), give(NONE)),
        ],
        put(holeBytes, minus(pageBytes, imageBytes)),
      ),
      when(holeContradicts, give(NONE)),
      putWord(row, BLOCK.imageBytes, imageBytes),
      next,
    ];
  });
}

/** `takeBlock(at, end)`: a block reference; where the next header begins. */
function defineBlock(program: WasmProgram): Procedure {
  const takeImage = defineImage(program);
  const parameters = ['at', 'end'] as const;
  const locals = ['row', 'index', 'id', 'flags', 'dataBytes', 'next', 'isSame', 'begin'] as const;
  return program.define('takeBlock', { parameters, locals }, (own) => {
    const { at, end, row, index, id, flags, dataBytes, next, isSame, begin } = own;
    const before = (offset: number) => wordAt(minus(row, BLOCK_BYTES), offset);
    return [
      when(isMore(plus(at, 4), end), give(NONE)),
      put(index, state('blockCount')),
      put(row, blockAt(index)),
      put(id, byteAt(at)),
      when(index, when(isLess(id, plus(before(BLOCK.id), 1)), give(NONE))),
      put(flags, byteAt(at, 1)),
      put(dataBytes, halfAt(at, 2)),
      when(
        or(isMore(and(flags, FORK_MASK), INIT_FORK), isEqual(isZero(and(flags, BLOCK_HAS_DATA)), isMore(dataBytes, 0))),
        give(NONE),
      ),
      putWord(row, BLOCK.id, id),
      putWord(row, BLOCK.fork, and(flags, FORK_MASK)),
      putWord(row, BLOCK.imageBytes, 0),
      put(next, plus(at, 4)),
      when(and(flags, BLOCK_HAS_IMAGE), [
        put(next, call(takeImage, next, end, row)),
        when(isZero(next), give(NONE)),
        raise(dataBytes, wordAt(row, BLOCK.imageBytes)),
      ]),
      put(isSame, isNotEqual(and(flags, BLOCK_SAME_RELATION), 0)),
      put(begin, next),
      put(next, plus(next, either(isSame, 4, 16))),
      when(or(isMore(next, end), and(isSame, isZero(index))), give(NONE)),
      when(isSame, put(begin, plus(minus(row, BLOCK_BYTES), BLOCK.tablespace))),
      putWord(row, BLOCK.tablespace, wordAt(begin)),
      putWord(row, BLOCK.database, wordAt(begin, 4)),
      putWord(row, BLOCK.filenode, wordAt(begin, 8)),
      putWord(row, BLOCK.number, wordAt(minus(next, 4))),
      raiseState('announcedBytes', dataBytes),
      putState('blockCount', plus(index, 1)),
      next,
    ];
  });
}

/** `takeMainData(at, end, id)`: the header of the main data, which is the last; where these begin. */
function defineMainData(program: WasmProgram): Procedure {
  const parameters = ['at', 'end', 'id'] as const;
  const locals = ['begin', 'lengthBytes'] as const;
  return program.define('takeMainData', { parameters, locals }, ({ at, end, id, begin, lengthBytes }) => [
    put(begin, plus(at, either(isEqual(id, ID_DATA_SHORT), 2, 5))),
    when(isMore(begin, end), give(NONE)),
    when(isEqual(id, ID_DATA_SHORT), put(lengthBytes, byteAt(at, 1)), put(lengthBytes, wordAt(at, 1))),
    // Asked first, as the sum of both can go round.
    when(isMore(lengthBytes, minus(end, begin)), give(NONE)),
    when(isNotEqual(minus(end, begin), plus(state('announcedBytes'), lengthBytes)), give(NONE)),
    plus(begin, state('announcedBytes')),
  ]);
}

/** `takeNumber(at, end, id)`: an origin or a top transaction; where the next header begins. */
function defineNumber(program: WasmProgram): Procedure {
  const parameters = ['at', 'end', 'id'] as const;
  return program.define('takeNumber', { parameters }, ({ at, end, id }) => [
    when(and(isEqual(id, ID_ORIGIN), isLess(plus(at, 2), end)), [
      putState('hasOrigin', 1),
      putState('originId', halfAt(at, 1)),
      give(plus(at, 3)),
    ]),
    when(and(isEqual(id, ID_TOP_XID), isLess(plus(at, 4), end)), [
      putState('hasTopXid', 1),
      putState('topXid', wordAt(at, 1)),
      give(plus(at, 5)),
    ]),
    NONE,
  ]);
}

/** Defines `parse`. */
export function defineParse(program: WasmProgram): Procedure {
  const takeBlock = defineBlock(program);
  const takeMainData = defineMainData(program);
  const takeNumber = defineNumber(program);
  const parameters = ['at', 'end'] as const;
  const locals = ['next', 'id'] as const;
  return program.define('parse', { parameters, locals }, ({ at, end, next, id }) => [
    putState('blockCount', 0),
    putState('announcedBytes', 0),
    putState('hasTopXid', 0),
    putState('hasOrigin', 0),
    put(next, plus(at, RECORD_HEADER_BYTES)),
    repeatWhile(
      isMore(minus(end, next), state('announcedBytes')),
      put(id, byteAt(next)),
      when(
        isMore(id, LAST_BLOCK_ID),
        [
          when(isEqual(shiftRight(id, 1), ID_DATA_LONG >> 1), give(call(takeMainData, next, end, id))),
          put(next, call(takeNumber, next, end, id)),
        ],
        put(next, call(takeBlock, next, end)),
      ),
      when(isZero(next), give(NONE)),
    ),
    when(isNotEqual(minus(end, next), state('announcedBytes')), give(NONE)),
    plus(next, state('announcedBytes')),
  ]);
}
