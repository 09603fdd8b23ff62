/**
 * The files that records name, and the blocks of them that they change, in WebAssembly: what {@link ChangedBlocks} and
 * {@link WorkByXid} number for themselves.
 *
 * @module
 */

import {
  and,
  call,
  give,
  isZero,
  or,
  plus,
  put,
  putWord,
  repeatWhile,
  shiftLeft,
  shiftRight,
  times,
  when,
  wordAt,
  isNotEqual,
  type Pieces,
  type Procedure,
  type WasmProgram,
} from '../../postgres/wasm-program.ts';
import {
  AT,
  FILE_BYTES,
  FILE_ENTRY,
  FILE_PLACES,
  NOTED_BYTES,
  RECENT_PLACES,
  type StateName,
  type Tables,
} from './memory-layout.ts';
import { hasWord, putState, raiseState, rowAt, state } from './state.ts';

/** Spreads numbers that are near each other over the places of a table. */
const SPREAD = 0x9e3779b1 | 0;

/**
 * `fileEntry(tablespace, database, filenode)`: the address of a file's entry, made if it is named for the first time. There
 * is room for it: that was looked at before the record was taken.
 */
function defineFileEntry(program: WasmProgram): Procedure {
  const parameters = ['tablespace', 'database', 'filenode'] as const;
  const locals = ['entry', 'place'] as const;
  return program.define('fileEntry', { parameters, locals }, ({ tablespace, database, filenode, entry, place }) => {
    const isThis: Pieces = and(
      hasWord(entry, FILE_ENTRY.filenode, filenode),
      and(hasWord(entry, FILE_ENTRY.database, database), hasWord(entry, FILE_ENTRY.tablespace, tablespace)),
    );
    const found = [when(isThis, [putState('lastFile', entry), give(entry)])];
    return [
      put(entry, state('lastFile')),
      when(entry, when(isThis, give(entry))),
      put(place, times(plus(filenode, times(database, 31)), SPREAD)),
      put(place, plus(AT.filePlaces, times(shiftRight(place, 32 - Math.log2(FILE_PLACES)), 4))),
      put(entry, wordAt(place)),
      repeatWhile(entry, found, put(entry, wordAt(entry, FILE_ENTRY.next))),
      raiseState('fileCount', 1),
      put(entry, rowAt(AT.files, FILE_BYTES, state('fileCount'))),
      putWord(entry, FILE_ENTRY.tablespace, tablespace),
      putWord(entry, FILE_ENTRY.database, database),
      putWord(entry, FILE_ENTRY.filenode, filenode),
      putWord(entry, FILE_ENTRY.changed, 0),
      putWord(entry, FILE_ENTRY.work, 0),
      putWord(entry, FILE_ENTRY.place, 0),
      putWord(entry, FILE_ENTRY.next, wordAt(place)),
      putWord(place, 0, entry),
      putState('lastFile', entry),
      entry,
    ];
  });
}

/** Defines a function that gives the number + 1 of a file in one of the lists, by its entry. */
function defineNumber(
  program: WasmProgram,
  name: string,
  list: { readonly member: number; readonly count: StateName; readonly at: number },
): Procedure {
  return program.define(name, { parameters: ['entry'], locals: ['number'] }, ({ entry, number }) => [
    put(number, wordAt(entry, list.member)),
    when(isZero(number), [
      putWord(plus(list.at, shiftLeft(state(list.count), 2)), 0, entry),
      raiseState(list.count, 1),
      put(number, state(list.count)),
      putWord(entry, list.member, number),
    ]),
    number,
  ]);
}

/** What others call. */
export interface FileProcedures {
  readonly fileEntry: Procedure;
  /** By entry: the number + 1 in the list of files with changed rows. */
  readonly workNumber: Procedure;
  /** By the file's three numbers: that in the list of files with changed blocks. */
  readonly changedNumberOf: Procedure;
  /** By the file's three numbers, and a block: notes that it is changed. */
  readonly noteBlock: Procedure;
}

/** Defines them. */
export function defineFiles(program: WasmProgram, tables: Tables): FileProcedures {
  const fileEntry = defineFileEntry(program);
  const changedNumber = defineNumber(program, 'changedNumber', {
    member: FILE_ENTRY.changed,
    count: 'changedFileCount',
    at: AT.changedFiles,
  });
  const workNumber = defineNumber(program, 'workNumber', {
    member: FILE_ENTRY.work,
    count: 'workFileCount',
    at: AT.workFiles,
  });
  const numbers = ['tablespace', 'database', 'filenode'] as const;
  const changedNumberOf = program.define('changedNumberOf', { parameters: numbers }, (own) => [
    call(changedNumber, call(fileEntry, own.tablespace, own.database, own.filenode)),
  ]);
  const parameters = [...numbers, 'block'] as const;
  const locals = ['number', 'place'] as const;
  const noteBlock = program.define('noteBlock', { parameters, locals }, (own) => {
    const { tablespace, database, filenode, block, number, place } = own;
    const noted = rowAt(tables.addresses.noted, NOTED_BYTES, state('notedCount'));
    return [
      put(number, call(changedNumberOf, tablespace, database, filenode)),
      put(place, and(plus(block, times(number, 523)), RECENT_PLACES - 1)),
      put(place, rowAt(AT.recent, NOTED_BYTES, place)),
      // A number is never 0, as what stands in a place that is empty.
      when(or(isNotEqual(wordAt(place), block), isNotEqual(wordAt(place, 4), number)), [
        putWord(place, 0, block),
        putWord(place, 4, number),
        putWord(noted, 0, block),
        putWord(noted, 4, number),
        raiseState('notedCount', 1),
      ]),
      0,
    ];
  });
  return { fileEntry, workNumber, changedNumberOf, noteBlock };
}
