/**
 * What each kind of event holds beside its place, as it stands in an index.
 *
 * @module
 */

import type { WalLevel } from '../postgres/control-file.ts';
import type { CatalogChange, CatalogRowBytes, NamingCatalog } from '../postgres/wal-records/catalog-change.ts';
import type {
  LocksHeld,
  PositionReached,
  RecordPlace,
  RelationOid,
  RequiredSettings,
  TransactionEffects,
  TransactionEnded,
} from '../postgres/wal-records/wal-event.ts';
import {
  bytes,
  flag,
  list,
  oneOf,
  optional,
  position,
  relationFile,
  shape,
  signed,
  signed64,
  text,
  unsigned32,
  unsigned64,
  type Field,
  type FieldsOf,
} from './index-fields.ts';
import type { IndexEvent } from './segment-index.ts';

type EventKind = IndexEvent['kind'];
type EventOf<K extends EventKind> = K extends TransactionEnded['kind']
  ? TransactionEnded
  : Extract<IndexEvent, { kind: K }>;

/** Members of an event that have columns of their own. */
type Details<E> = Omit<E, 'kind' | keyof RecordPlace>;

/** All but the time, which has a column too. */
type EndedDetails = Omit<Details<TransactionEnded>, 'timeUs'>;

const relationOid: Field<RelationOid> = shape<RelationOid>({ databaseOid: unsigned32, oid: unsigned32 });

const effects: FieldsOf<TransactionEffects> = {
  databaseOid: optional(unsigned32),
  droppedFiles: list(relationFile),
  droppedOids: list(relationOid),
  invalidatedOids: list(relationOid),
  originId: optional(unsigned32),
  originLsn: optional(position),
};

/** Of the four kinds of end. */
export const endedDetails: Field<EndedDetails> = shape<EndedDetails>({
  ...effects,
  subxids: list(unsigned32),
  gid: optional(text),
});

const catalog: Field<NamingCatalog> = oneOf('pg_class', 'pg_namespace', 'pg_inherits', 'pg_database');

const catalogRow: Field<CatalogRowBytes> = shape<CatalogRowBytes>({
  offset: unsigned32,
  data: bytes,
  totalBytes: unsigned32,
  insertedBy: unsigned32,
  deletedBy: unsigned32,
  isDead: flag,
});

const walLevel: Field<WalLevel> = oneOf('minimal', 'replica', 'logical');

const requiredSettings: Field<RequiredSettings> = shape<RequiredSettings>({
  maxConnections: signed,
  maxWorkerProcesses: signed,
  maxWalSenders: signed,
  maxPreparedTransactions: signed,
  maxLocksPerTransaction: signed,
});

const customManager = optional(unsigned32);

const positionReached: Field<Details<PositionReached>> = {
  write: (out, { customResourceManager }) => customManager.write(out, customResourceManager),
  read: (from) => {
    const customResourceManager = customManager.read(from);
    return customResourceManager === undefined ? {} : { customResourceManager };
  },
};

/** A kind of event whose details are these. */
function details<K extends Exclude<EventKind, TransactionEnded['kind']>>(
  fields: FieldsOf<Details<EventOf<K>>>,
): Field<Details<EventOf<K>>> {
  return shape<Details<EventOf<K>>>(fields);
}

type OtherKind = Exclude<EventKind, TransactionEnded['kind']>;

/** Of every other kind. */
export const otherDetails: { readonly [K in OtherKind]: Field<Details<EventOf<K>>> } = {
  prepare: details<'prepare'>({
    ...effects,
    gid: text,
    databaseOid: unsigned32,
    preparedAtUs: signed64,
    filesDroppedByAbort: list(relationFile),
    subxids: list(unsigned32),
  }),
  assignment: details<'assignment'>({ topXid: unsigned32, subxids: list(unsigned32) }),
  checkpoint: details<'checkpoint'>({
    isShutdown: flag,
    redoLsn: position,
    thisTimeline: unsigned32,
    previousTimeline: unsigned32,
    nextXid: unsigned64,
    timeSeconds: signed64,
  }),
  redoPoint: details<'redoPoint'>({}),
  restorePoint: details<'restorePoint'>({ name: text, timeUs: signed64 }),
  parameterChange: details<'parameterChange'>({ settings: requiredSettings, walLevel }),
  endOfRecovery: details<'endOfRecovery'>({
    timeUs: signed64,
    thisTimeline: unsigned32,
    previousTimeline: unsigned32,
  }),
  backupEnd: details<'backupEnd'>({ backupStartLsn: position }),
  overwriteContrecord: details<'overwriteContrecord'>({ overwrittenLsn: position, timeUs: signed64 }),
  tablespaceCreate: details<'tablespaceCreate'>({ tablespaceOid: unsigned32, path: text }),
  tablespaceDrop: details<'tablespaceDrop'>({ tablespaceOid: unsigned32 }),
  databaseCreate: details<'databaseCreate'>({
    databaseOid: unsigned32,
    tablespaceOid: unsigned32,
    copyOf: optional(shape({ databaseOid: unsigned32, tablespaceOid: unsigned32 })),
  }),
  databaseDrop: details<'databaseDrop'>({ databaseOid: unsigned32, tablespaceOids: list(unsigned32) }),
  databaseInvalid: details<'databaseInvalid'>({ databaseOid: unsigned32 }),
  runningXacts: details<'runningXacts'>({
    xids: list(unsigned32),
    subxids: list(unsigned32),
    hasOverflowed: flag,
    nextXid: unsigned32,
    oldestRunningXid: unsigned32,
  }),
  locks: details<'locks'>({
    locks: list(
      shape<LocksHeld['locks'][number]>({ xid: unsigned32, databaseOid: unsigned32, relationOid: unsigned32 }),
    ),
  }),
  relationMap: details<'relationMap'>({
    databaseOid: unsigned32,
    tablespaceOid: unsigned32,
    files: list(shape<{ readonly oid: number; readonly filenode: number }>({ oid: unsigned32, filenode: unsigned32 })),
  }),
  fileCreate: details<'fileCreate'>({ file: relationFile, isUnlogged: flag }),
  position: positionReached,
  catalogRows: details<'catalogRows'>({
    catalog,
    databaseOid: unsigned32,
    block: unsigned32,
    isImage: flag,
    rows: list(catalogRow),
  }),
  catalogUpdate: details<'catalogUpdate'>({
    catalog,
    databaseOid: unsigned32,
    block: unsigned32,
    offset: unsigned32,
    oldBlock: unsigned32,
    oldOffset: unsigned32,
    prefixBytes: unsigned32,
    suffixBytes: unsigned32,
    data: optional(bytes),
  }),
  catalogDelete: details<'catalogDelete'>({
    catalog,
    databaseOid: unsigned32,
    block: unsigned32,
    offset: unsigned32,
  }),
};

/** True for the kinds that have no end and no timeline of their own. */
export function isCatalogChange(event: IndexEvent): event is CatalogChange {
  return event.kind === 'catalogRows' || event.kind === 'catalogUpdate' || event.kind === 'catalogDelete';
}
