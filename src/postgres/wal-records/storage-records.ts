/**
 * Files of relations made and cut short.
 *
 * Source: `src/include/catalog/storage_xlog.h` (`xl_smgr_create`, `xl_smgr_truncate`).
 *
 * @module
 */

import type { RelationFile } from '../relation-file.ts';
import { RecordCursor } from './record-cursor.ts';
import { readFile } from './transaction-effects.ts';

/** The resource manager of relations' files (`src/include/access/rmgrlist.h`). */
export const RM_SMGR = 2;

const CREATE = 0x10;
const TRUNCATE = 0x20;
const MAIN_FORK = 0;
const INIT_FORK = 3;

/** What a record says of a relation's file. */
export type StorageChange =
  | { readonly kind: 'create'; readonly file: RelationFile; readonly isUnlogged: boolean }
  | { readonly kind: 'cut'; readonly file: RelationFile; readonly blocks: number };

/** Decodes a record of the storage manager; `undefined` for the forks that only help to find or see rows. */
export function decodeStorageRecord(info: number, mainData: Buffer): StorageChange | undefined {
  const cursor = new RecordCursor(mainData);
  if (info === CREATE) {
    const file = readFile(cursor);
    const fork = cursor.int32();
    return fork === MAIN_FORK || fork === INIT_FORK
      ? { kind: 'create', file, isUnlogged: fork === INIT_FORK }
      : undefined;
  }
  if (info !== TRUNCATE) return undefined;
  const blocks = cursor.uint32();
  return { kind: 'cut', file: readFile(cursor), blocks };
}
