/**
 * The program that indexes records, and its memory, one for a thread: made when it is first needed, and anew for segments
 * that are larger than those before.
 *
 * @module
 */

import { EXTEND_CRC32C } from '../../postgres/crc32c-wasm.ts';
import { instantiate, WASM_PAGE_BYTES, type IntegerFunction } from '../../postgres/wasm-code.ts';
import { WasmProgram } from '../../postgres/wasm-program.ts';
import { scanMemory, type ScanMemory } from '../../postgres/wal-records/page-scan.ts';
import { SCAN_RECORDS } from '../../postgres/wal-records/page-scan-wasm.ts';
import type { EndColumnName } from '../event-columns.ts';
import type { WorkColumnName } from '../work-columns.ts';
import { AT, MOST_FILES, placeTables, stateAddress, type StateName, type Tables } from './memory-layout.ts';
import { defineTakes } from './take-record.ts';
import { defineColumns } from './write-columns.ts';

/** Functions that are called from outside. */
const CALLED = [
  'take',
  'takeFound',
  'hasRoom',
  'changedNumberOf',
  'noteBlock',
  'fileEntry',
  'workNumber',
  'transactionOf',
  'addRows',
  'addRecord',
  'addEnd',
  'addChecksum',
  'takeChecksums',
] as const;
type Called = Readonly<Record<(typeof CALLED)[number], IntegerFunction>>;

/** An instance of the program. */
export class IndexProgram {
  /** Of so large segments. */
  readonly segmentBytes: number;
  readonly tables: Tables;
  readonly call: Called;
  readonly scan: ScanMemory;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly words: Uint32Array<ArrayBuffer>;
  readonly #functionOf: (name: string) => IntegerFunction;

  /** @throws {RangeError} if the machine does not give the memory. */
  constructor(segmentBytes: number) {
    this.segmentBytes = segmentBytes;
    this.tables = placeTables(segmentBytes);
    const memory = new WebAssembly.Memory({ initial: Math.ceil(this.tables.endBytes / WASM_PAGE_BYTES) });
    const program = new WasmProgram();
    // The first of all, as the scan takes it to be.
    const extend = program.include(EXTEND_CRC32C);
    program.include(SCAN_RECORDS);
    defineTakes(program, extend, this.tables, MOST_FILES);
    defineColumns(program, this.tables);
    const functionOf = instantiate(program.assemble(), memory);
    this.#functionOf = functionOf;
    // Every name of the list has its function.
    this.call = Object.fromEntries(CALLED.map((name) => [name, functionOf(name)])) as Called;
    this.scan = scanMemory(memory, functionOf(SCAN_RECORDS.name));
    this.bytes = new Uint8Array(memory.buffer);
    this.words = new Uint32Array(memory.buffer);
  }

  /** A single number. */
  get(name: StateName): number {
    return this.words[stateAddress(name) / 4] ?? 0;
  }

  set(name: StateName, value: number): void {
    this.words[stateAddress(name) / 4] = value;
  }

  /** Empties all tables. */
  clear(): void {
    this.bytes.fill(0, AT.state, AT.files);
  }

  /** What a function that writes a column writes; good until the next. */
  column(name: WorkColumnName | EndColumnName, ...parameters: number[]): Uint8Array {
    const { out } = this.tables.addresses;
    return this.bytes.subarray(out, this.#functionOf(name)(out, ...parameters));
  }
}
