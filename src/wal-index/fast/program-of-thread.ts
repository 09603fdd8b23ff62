/**
 * The one {@link IndexProgram} of a thread, and who has it.
 *
 * @module
 */

import { IndexProgram } from './program.ts';

/** Tables for segments of so many bytes at least: smaller ones do with these too. */
const LEAST_BYTES = 16 * 1024 * 1024;
/** Of larger segments than this, only those that are filled with large records are indexed by the program. */
const MOST_BYTES = 64 * 1024 * 1024;

/** Who has what it made in the program's memory. */
export interface ProgramUser {
  /** Copies it, as the memory is to be used by another. */
  leave(): void;
}

let program: IndexProgram | undefined;
let lastUser: ProgramUser | undefined;
let isInUse = false;

/** The program, with empty tables, until it is given back; `undefined` if it is in use, or if there is no memory for it. */
export function takeProgram(segmentBytes: number): IndexProgram | undefined {
  if (isInUse) return undefined;
  const tablesFor = Math.min(Math.max(segmentBytes, LEAST_BYTES), MOST_BYTES);
  if (program === undefined || program.segmentBytes < tablesFor) {
    const larger = makeProgram(tablesFor);
    if (larger === undefined) return undefined;
    program = larger;
  } else lastUser?.leave();
  lastUser = undefined;
  isInUse = true;
  program.clear();
  return program;
}

/** @param user who still has what is in its memory; `undefined`: nobody. */
export function giveBackProgram(user: ProgramUser | undefined): void {
  isInUse = false;
  lastUser = user;
}

/** For who is done with the last index that was made: nothing of it need be copied. It is not to be used afterwards. */
export function forgetProgramUser(): void {
  lastUser = undefined;
}

function makeProgram(segmentBytes: number): IndexProgram | undefined {
  try {
    return new IndexProgram(segmentBytes);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
