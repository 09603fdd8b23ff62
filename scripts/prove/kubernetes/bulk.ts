/**
 * Data that only takes room: what a database of another size does to how long the cluster is down.
 *
 * @module
 */

import type { PatroniDatabase } from '../../../tests/support/kubernetes/patroni-database.ts';
import { untilBackups } from './operate.ts';

/** How much there is, and what the cluster is to be like for it. */
export interface Bulk {
  readonly megabytes: number;
  /** Of each claim. */
  readonly size: string;
  /** Of its container. */
  readonly variables: Readonly<Record<string, string>>;
}

/** As much as anything has. */
export const SMALL_DATA: Bulk = { megabytes: 50, size: '512Mi', variables: {} };
/** A hundred times as much, of which the agent takes a backup when most of it is written: a rehearsal has little to replay. */
export const BIG_DATA: Bulk = {
  megabytes: 5000,
  size: '16Gi',
  variables: { WALKBACK_BACKUP_AFTER_WAL: '4GB' },
};

/** A row of this many bytes that is not compressed fills a page of 8 KiB. */
const ROW_BYTES = 8000;
const ROWS_PER_MEGABYTE = 128;

/** Writes it, and waits for the backup of it, if there is to be one. */
export async function writeBulk(database: PatroniDatabase, leader: string, bulk: Bulk): Promise<void> {
  const client = await database.connect(leader);
  try {
    await client.query('CREATE TABLE bulk (filler text); ALTER TABLE bulk ALTER filler SET STORAGE PLAIN');
    const rows = bulk.megabytes * ROWS_PER_MEGABYTE;
    await client.query(`INSERT INTO bulk SELECT repeat('x', ${ROW_BYTES}) FROM generate_series(1, ${rows})`);
  } finally {
    await client.end();
  }
  if ('WALKBACK_BACKUP_AFTER_WAL' in bulk.variables) await untilBackups(database, 2);
}
