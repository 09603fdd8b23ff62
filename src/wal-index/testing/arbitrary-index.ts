/**
 * Any index of a segment, for property tests: every kind of event, rare members present and absent, extreme numbers.
 *
 * @module
 */

import fc, { type Arbitrary } from 'fast-check';

import { lsn, type Lsn } from '../../postgres/lsn.ts';
import type { Major } from '../../postgres/versions.ts';
import type { RelationFile } from '../../postgres/relation-file.ts';
import type { CatalogChange } from '../../postgres/wal-records/catalog-change.ts';
import type {
  TransactionEffects,
  TransactionEnded,
  TransactionPrepared,
  WalEvent,
} from '../../postgres/wal-records/wal-event.ts';
import type { WalStop } from '../../postgres/wal-records/wal-stop.ts';
import type { FileWork, IndexEvent, SegmentIndex, XidWork } from '../segment-index.ts';

const START = lsn(0x2b_0100_0000n);
const SIZE_BYTES = 16 * 1024 * 1024;

/** Objects as literals make them. */
function record<T extends object>(members: { [K in keyof T]: Arbitrary<T[K]> }): Arbitrary<T> {
  return fc.record<T>(members, { noNullPrototype: true });
}

const u32 = fc.nat(0xffffffff);
const i32 = fc.integer({ min: -0x80000000, max: 0x7fffffff });
const anyLsn: Arbitrary<Lsn> = fc.bigInt(0n, (1n << 64n) - 1n).map(lsn);
const inSegment: Arbitrary<Lsn> = fc.nat(SIZE_BYTES - 1).map((offset) => lsn(START + BigInt(offset)));
const timeUs = fc.oneof(
  fc.bigInt(1_700_000_000_000_000n, 1_700_000_900_000_000n),
  fc.bigInt(-(1n << 63n), (1n << 63n) - 1n),
);
const words = fc.string({ unit: 'grapheme', maxLength: 20 });
const bytes = fc.uint8Array({ maxLength: 60 }).map((array) => Buffer.from(array));
const maybe = <T>(value: Arbitrary<T>): Arbitrary<T | undefined> => fc.option(value, { nil: undefined, freq: 2 });
const few = <T>(value: Arbitrary<T>): Arbitrary<T[]> => fc.array(value, { maxLength: 4 });

const file: Arbitrary<RelationFile> = record({
  tablespaceOid: fc.constantFrom(1663, 1664, 16_400),
  databaseOid: fc.nat(3),
  filenode: u32,
});

const place = record({
  lsn: inSegment,
  endLsn: inSegment,
  timeline: fc.integer({ min: 1, max: 0xffffffff }),
  xid: u32,
});
const relationOid = record({ databaseOid: u32, oid: u32 });

const effects: Arbitrary<TransactionEffects> = record({
  databaseOid: maybe(u32),
  droppedFiles: few(file),
  droppedOids: few(relationOid),
  invalidatedOids: few(relationOid),
  originId: maybe(fc.nat(0xffff)),
  originLsn: maybe(anyLsn),
});

const plain = record({
  databaseOid: fc.constant(undefined),
  droppedFiles: fc.constant([]),
  droppedOids: fc.constant([]),
  invalidatedOids: fc.constant([]),
  originId: fc.constant(undefined),
  originLsn: fc.constant(undefined),
});

function joined<A extends object, B extends object>(a: Arbitrary<A>, b: Arbitrary<B>): Arbitrary<A & B> {
  return fc.tuple(a, b).map(([one, other]) => ({ ...one, ...other }));
}

const ended: Arbitrary<TransactionEnded> = joined(
  fc.oneof(effects, plain),
  joined(
    place,
    record({
      kind: fc.constantFrom('commit' as const, 'abort' as const, 'commitPrepared' as const, 'abortPrepared' as const),
      timeUs,
      subxids: fc.oneof(fc.constant([]), few(u32)),
      gid: maybe(words),
    }),
  ),
);

const prepared: Arbitrary<TransactionPrepared> = joined(
  effects,
  joined(
    place,
    record({
      kind: fc.constant('prepare' as const),
      gid: words,
      databaseOid: u32,
      filesDroppedByAbort: few(file),
      preparedAtUs: timeUs,
      subxids: few(u32),
    }),
  ),
);

type Members<K extends WalEvent['kind']> = Omit<
  Extract<WalEvent, { kind: K }>,
  'kind' | 'lsn' | 'endLsn' | 'timeline' | 'xid'
>;

function event<K extends WalEvent['kind']>(
  kind: K,
  members: { [M in keyof Members<K>]-?: Arbitrary<Members<K>[M]> },
): Arbitrary<WalEvent> {
  // A kind with its members is that event.
  return joined(place, record(members)).map((rest) => ({ kind, ...rest }) as unknown as WalEvent);
}

const settings = record({
  maxConnections: i32,
  maxWorkerProcesses: i32,
  maxWalSenders: i32,
  maxPreparedTransactions: i32,
  maxLocksPerTransaction: i32,
});

const otherEvents: readonly Arbitrary<WalEvent>[] = [
  event('assignment', { topXid: u32, subxids: few(u32) }),
  event('checkpoint', {
    isShutdown: fc.boolean(),
    redoLsn: anyLsn,
    thisTimeline: u32,
    previousTimeline: u32,
    nextXid: fc.bigInt(0n, (1n << 64n) - 1n),
    timeSeconds: timeUs,
  }),
  event('redoPoint', {}),
  event('restorePoint', { name: words, timeUs }),
  event('parameterChange', { settings, walLevel: fc.constantFrom('minimal', 'replica', 'logical') }),
  event('endOfRecovery', { timeUs, thisTimeline: u32, previousTimeline: u32 }),
  event('backupEnd', { backupStartLsn: anyLsn }),
  event('overwriteContrecord', { overwrittenLsn: anyLsn, timeUs }),
  event('tablespaceCreate', { tablespaceOid: u32, path: words }),
  event('tablespaceDrop', { tablespaceOid: u32 }),
  event('databaseCreate', {
    databaseOid: u32,
    tablespaceOid: u32,
    copyOf: fc.option(record({ databaseOid: u32, tablespaceOid: u32 }), { nil: undefined }),
  }),
  event('databaseDrop', { databaseOid: u32, tablespaceOids: few(u32) }),
  event('runningXacts', {
    xids: few(u32),
    subxids: few(u32),
    hasOverflowed: fc.boolean(),
    nextXid: u32,
    oldestRunningXid: u32,
  }),
  event('locks', { locks: few(record({ xid: u32, databaseOid: u32, relationOid: u32 })) }),
  event('relationMap', { databaseOid: u32, tablespaceOid: u32, files: few(record({ oid: u32, filenode: u32 })) }),
  event('fileCreate', { file, isUnlogged: fc.boolean() }),
  place.map((at) => ({ kind: 'position', ...at })),
  event('position', { customResourceManager: fc.integer({ min: 128, max: 255 }) }),
];

const catalog = fc.constantFrom(
  'pg_class' as const,
  'pg_namespace' as const,
  'pg_inherits' as const,
  'pg_database' as const,
);
const row = record({
  offset: u32,
  data: bytes,
  totalBytes: u32,
  insertedBy: u32,
  deletedBy: u32,
  isDead: fc.boolean(),
});
const onPage = { catalog, lsn: inSegment, xid: u32, databaseOid: u32, block: u32 };

const catalogChange: Arbitrary<CatalogChange> = fc.oneof(
  record({ kind: fc.constant('catalogRows' as const), ...onPage, isImage: fc.boolean(), rows: few(row) }),
  record({
    kind: fc.constant('catalogUpdate' as const),
    ...onPage,
    offset: u32,
    oldBlock: u32,
    oldOffset: u32,
    prefixBytes: u32,
    suffixBytes: u32,
    data: maybe(bytes),
  }),
  record({ kind: fc.constant('catalogDelete' as const), ...onPage, offset: u32 }),
);

/** Any event. */
const indexEvent: Arbitrary<IndexEvent> = fc.oneof(
  { arbitrary: ended, weight: 10 },
  { arbitrary: catalogChange, weight: 4 },
  { arbitrary: fc.oneof(prepared, ...otherEvents), weight: 8 },
);

const count = fc.oneof(fc.nat(200), fc.nat(1 << 24));
const fileWork: Arbitrary<FileWork> = record({
  file,
  inserted: fc.oneof(fc.integer({ min: -3, max: 100 }), count),
  updated: count,
  hotUpdated: count,
  deleted: count,
  movedOut: count,
  insertedAfterMove: count,
});

const work: Arbitrary<XidWork> = record<Omit<XidWork, 'firstInsertFile'>>({
  xid: u32,
  topXid: maybe(u32),
  firstLsn: inSegment,
  lastLsn: inSegment,
  walBytes: fc.nat(SIZE_BYTES),
  originId: maybe(fc.nat(0xffff)),
  files: fc.array(fileWork, { maxLength: 6 }),
  isMoveOpen: fc.boolean(),
  createdFiles: few(record({ file, isUnlogged: fc.boolean() })),
  cutFiles: few(record({ file, blocks: u32 })),
  truncatedOids: few(u32),
}).chain((one) =>
  maybe(fc.nat(Math.max(one.files.length - 1, 0))).map((first) => ({
    ...one,
    firstInsertFile: one.files.length === 0 ? undefined : first,
  })),
);

const stop: Arbitrary<WalStop> = record({
  kind: fc.constantFrom('unwritten', 'stale', 'foreign', 'damaged'),
  fileName: words,
  offsetBytes: fc.nat(SIZE_BYTES),
  lsn: inSegment,
  reason: words,
});

/** Any index of the segment 000000010000002B00000001. */
export const arbitraryIndex: Arbitrary<SegmentIndex> = record({
  fileName: fc.constant('000000010000002B00000001'),
  timeline: fc.constant(1),
  startLsn: fc.constant(START),
  sizeBytes: fc.constant(SIZE_BYTES),
  systemIdentifier: fc.bigInt(0n, (1n << 64n) - 1n),
  major: fc.constantFrom<Major[]>(14, 15, 16, 17, 18),
  contentCrc: u32,
  head: record({ restBytes: fc.nat(1 << 29), bytes, isOverwritten: fc.boolean() }),
  first: maybe(record({ lsn: inSegment, previousLsn: anyLsn })),
  last: maybe(record({ lsn: inSegment, endLsn: inSegment })),
  tail: maybe(record({ lsn: inSegment, totalBytes: fc.nat(1 << 29), bytes })),
  stop: maybe(stop),
  recordCount: fc.nat(1 << 20),
  events: fc.array(indexEvent, { maxLength: 12 }),
  work: fc.array(work, { maxLength: 8 }),
  highestXid: maybe(u32),
});
