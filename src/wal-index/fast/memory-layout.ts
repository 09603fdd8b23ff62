/**
 * Where things are in the memory of the program that indexes records: what is of one size first, then the tables, whose
 * sizes follow from that of the segment. Addresses and sizes in bytes.
 *
 * The tables are large enough for what servers write, and no larger: a segment that needs more is indexed without this
 * program. Memory that is never written takes none of the machine's.
 *
 * @module
 */

import { PAGE_SCAN_BYTES } from '../../postgres/wal-records/page-scan.ts';
import { FILE_MEMBERS, TRANSACTION_MEMBERS } from '../work-columns.ts';

const WORD = 4;

/** The block references of the record that was parsed last: so many rows of these members. */
const MOST_BLOCKS = 33;
export const BLOCK_BYTES = 32;
export const BLOCK = { id: 0, fork: 4, tablespace: 8, database: 12, filenode: 16, number: 20, imageBytes: 24 } as const;

/** Single numbers. What is said of the record is of the one that was parsed last. */
const STATE_NAMES = [
  // Given from outside.
  'tablePageBytes',
  'compressedImageBits',
  'timeline',
  // Of the segment.
  'hasImage',
  'contentCrc',
  'checkBytes',
  'highestXid',
  'transactionCount',
  'fileRowCount',
  'endCount',
  'notedCount',
  'fileCount',
  'changedFileCount',
  'workFileCount',
  'lastFile',
  'isFull',
  // Of the record.
  'blockCount',
  'announcedBytes',
  'hasTopXid',
  'topXid',
  'hasOrigin',
  'originId',
  'member',
  'amount',
  'isHot',
  // Of what is written as columns.
  'placeCount',
] as const;
export type StateName = (typeof STATE_NAMES)[number];

/** Places of hash tables. A power of two each. */
export const XID_PLACES = 65_536;
export const MANY_PLACES = 65_536;
export const FILE_PLACES = 4096;
export const RECENT_PLACES = 8192;
export const WATCHED_BITS = 65_536;

/** What a file is: its three numbers, the next one of its place, and its numbers + 1 in the two lists of files. */
export const FILE_BYTES = 32;
export const FILE_ENTRY = {
  tablespace: 0,
  database: 4,
  filenode: 8,
  next: 12,
  changed: 16,
  work: 20,
  place: 24,
} as const;
/** Each record names at most 33. */
export const MOST_FILES = 32_768;

/** An end of a transaction. */
export const END_BYTES = 32;
export const END = {
  isAbort: 0,
  xid: 4,
  low: 8,
  endLow: 12,
  endHigh: 16,
  timeline: 20,
  timeLow: 24,
  timeHigh: 28,
} as const;

export const TRANSACTION_BYTES = WORD * TRANSACTION_MEMBERS;
export const FILE_ROW_BYTES = WORD * FILE_MEMBERS;
/** Of a row of a transaction with many files: the next one of its place, and the transaction's row. */
export const MANY_BYTES = 8;
/** A file's number, and a block. */
export const NOTED_BYTES = 8;

/** So many bytes of checksums are taken at once, as a call for each record would cost more than what it adds. */
export const CHECK_BYTES = 4096;

/** Addresses of what is of one size. */
const FIXED = place(PAGE_SCAN_BYTES, {
  blocks: MOST_BLOCKS * BLOCK_BYTES,
  state: WORD * STATE_NAMES.length,
  /** What is done with the records of each resource manager. */
  kinds: 256,
  /** Checksums of records that were not taken into that of the segment yet. */
  checks: CHECK_BYTES,
  /** A bit for each file whose number has these low bits, and which may be a catalog's. */
  watched: WATCHED_BITS / 8,
  xidPlaces: WORD * XID_PLACES,
  manyPlaces: WORD * MANY_PLACES,
  filePlaces: WORD * FILE_PLACES,
  recent: NOTED_BYTES * RECENT_PLACES,
  files: FILE_BYTES * (MOST_FILES + 1),
  /** Of each list of files: the addresses of their entries. */
  changedFiles: WORD * MOST_FILES,
  workFiles: WORD * MOST_FILES,
});

export const AT = FIXED.addresses;

/** The address of a single number. */
export function stateAddress(name: StateName): number {
  return AT.state + WORD * STATE_NAMES.indexOf(name);
}

/** The tables of a memory for segments of up to some size: addresses, and how many rows each has room for. */
export interface Tables {
  readonly addresses: Readonly<
    Record<'transactions' | 'xidNext' | 'fileRows' | 'many' | 'ends' | 'noted' | 'out', number>
  >;
  readonly rows: Readonly<Record<'transactions' | 'fileRows' | 'ends' | 'noted', number>>;
  readonly outBytes: number;
  readonly endBytes: number;
}

/** One for so many bytes of WAL: a third of what pgbench writes for each transaction, and for each of its files. */
const WAL_BYTES_PER = { transactions: 96, fileRows: 48, ends: 96, noted: 32 } as const;

/** Places the tables behind the rest. */
export function placeTables(segmentBytes: number): Tables {
  const rowsOf = (name: keyof typeof WAL_BYTES_PER) => Math.ceil(segmentBytes / WAL_BYTES_PER[name]);
  const [transactions, fileRows, ends, noted] = [
    rowsOf('transactions'),
    rowsOf('fileRows'),
    rowsOf('ends'),
    rowsOf('noted'),
  ];
  // The longest column has three numbers for each file of a transaction, of up to five bytes.
  const outBytes = Math.ceil(segmentBytes / 4);
  const { addresses, end } = place(FIXED.end, {
    transactions: TRANSACTION_BYTES * transactions,
    xidNext: WORD * transactions,
    fileRows: FILE_ROW_BYTES * fileRows,
    many: MANY_BYTES * fileRows,
    ends: END_BYTES * ends,
    noted: NOTED_BYTES * noted,
    out: outBytes,
  });
  return { addresses, rows: { transactions, fileRows, ends, noted }, outBytes, endBytes: end };
}

function place<N extends string>(from: number, sizes: Readonly<Record<N, number>>) {
  let end = from;
  const addresses = Object.fromEntries(
    Object.entries<number>(sizes).map(([name, bytes]) => {
      const at = Math.ceil(end / 16) * 16;
      end = at + bytes;
      return [name, at];
    }),
  );
  // Every name of the sizes has its address.
  return { addresses: addresses as Readonly<Record<N, number>>, end };
}
