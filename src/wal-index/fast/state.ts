/**
 * Single numbers and lists in the memory of the program that indexes records, as values and statements of it.
 *
 * @module
 */

import { isEqual, plus, putWord, times, wordAt, type Pieces, type Value } from '../../postgres/wasm-program.ts';
import { AT, BLOCK_BYTES, stateAddress, type StateName } from './memory-layout.ts';

/** A single number. */
export const state = (name: StateName): Pieces => wordAt(0, stateAddress(name));
export const putState = (name: StateName, value: Value): Pieces => putWord(0, stateAddress(name), value);
export const raiseState = (name: StateName, by: Value): Pieces => putState(name, plus(state(name), by));

/** The address of a row of a table. */
export const rowAt = (table: number, rowBytes: number, row: Value): Pieces => plus(table, times(row, rowBytes));
/** The address of a block reference of the record. */
export const blockAt = (index: Value): Pieces => rowAt(AT.blocks, BLOCK_BYTES, index);

/** True if a word in memory has that value. */
export const hasWord = (address: Value, offset: number, value: Value): Pieces =>
  isEqual(wordAt(address, offset), value);
/** Adds to a word in memory. */
export const raiseWord = (address: Value, offset: number, by: Value): Pieces =>
  putWord(address, offset, plus(wordAt(address, offset), by));
