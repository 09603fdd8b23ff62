/**
 * All that is known of a transaction when it ends.
 *
 * @module
 */

import type { TransactionEffects } from '../../postgres/wal-records/wal-event.ts';
import type { Relation } from '../names/relation-names.ts';
import type { FamilyWork } from './open-transactions.ts';
import type { RowsByRelation } from './relation-changes.ts';
import type { RelationFates } from './relation-fates.ts';

/** What it did, and what is known of the relations that it did it to. */
export interface EndedWork {
  readonly work: FamilyWork;
  readonly databaseOid: number | undefined;
  readonly effects: Pick<TransactionEffects, 'droppedFiles' | 'droppedOids'>;
  readonly fates: RelationFates;
  readonly rows: RowsByRelation;
}

/** True for what is part of a relation that is listed: its TOAST table, and that one's index. */
export function isToast({ kind, schemaName, name }: Relation): boolean {
  return kind === 'toast' || schemaName === 'pg_toast' || /^pg_toast_\d+(_index)?$/.test(name);
}
