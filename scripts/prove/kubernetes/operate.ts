/**
 * What proofs in a namespace do as an operator does it.
 *
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises';

import { fieldOf } from '../../../src/base/unknown-value.ts';
import type { PatroniDatabase } from '../../../tests/support/kubernetes/patroni-database.ts';
import { runWalkback, type Ended } from '../../../tests/support/walkback-process.ts';

/** What is operated on, with Patroni or without. */
export type Operated = Pick<PatroniDatabase, 'environment' | 'connect' | 'untilLeader'>;

/** Runs walkback on this machine, on the database's namespace. */
export async function walkbackIn(
  database: Pick<Operated, 'environment'>,
  args: readonly string[],
  more: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  return runWalkback(args, { HOME: process.env['HOME'] ?? '', ...database.environment, ...more });
}

/** Waits until the agent has taken as many backups. */
export async function untilBackups(database: Operated, count: number): Promise<void> {
  const deadline = Date.now() + 300_000;
  for (;;) {
    const listed = await walkbackIn(database, ['window', '--json']);
    if (listed.code === 0 && backupsIn(listed.out) >= count) return;
    if (Date.now() > deadline) throw new Error(`there are no ${count} backups: ${listed.out}${listed.err}`);
    await sleep(3000);
  }
}

/** Waits until the agent has taken the first backup. */
export async function untilFirstBackup(database: Operated): Promise<void> {
  await untilBackups(database, 1);
}

function backupsIn(out: string): number {
  return Number(fieldOf(JSON.parse(out), 'backupCount'));
}

/** Ends the segment that is being written, and waits until it is archived: a plan made elsewhere reads the archive alone. */
export async function archiveSoFar(database: Operated): Promise<void> {
  const client = await database.connect(await database.untilLeader());
  try {
    // At the beginning of a segment nothing is ended, and the name is, since PostgreSQL 17, that of the one that is begun.
    await client.query("SELECT pg_logical_emit_message(true, 'prove', 'a record')");
    const { rows } = await client.query<{ name: string }>('SELECT pg_walfile_name(pg_switch_wal()) AS name');
    const deadline = Date.now() + 120_000;
    for (;;) {
      const archived = await client.query<{ isDone: boolean }>(
        'SELECT last_archived_wal >= $1 AS "isDone" FROM pg_stat_archiver',
        [rows[0]?.name],
      );
      if (archived.rows[0]?.isDone === true) return;
      if (Date.now() > deadline) throw new Error(`${rows[0]?.name ?? 'the segment'} is not archived`);
      await sleep(500);
    }
  } finally {
    await client.end();
  }
}

/** A DELETE without a WHERE, between two good transactions, all archived. @returns its number. */
export async function badTransaction(database: Operated): Promise<number> {
  const client = await database.connect(await database.untilLeader());
  try {
    await client.query('CREATE TABLE orders AS SELECT g AS id, md5(g::text) AS note FROM generate_series(1, 5000) g');
    await client.query('BEGIN; DELETE FROM orders');
    const { rows } = await client.query<{ xid: string }>('SELECT pg_current_xact_id()::text AS xid');
    await client.query('COMMIT');
    await client.query('INSERT INTO orders VALUES (1, $1)', ['written later']);
    await client.query('SELECT pg_switch_wal()');
    return Number(rows[0]?.xid);
  } finally {
    await client.end();
  }
}
