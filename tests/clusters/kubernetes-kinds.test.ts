/**
 * Clusters of other kinds in namespaces, each recovered and taken back: Patroni with its state in Endpoints; PostgreSQL without
 * Patroni; the same with passwords in files, and in an image that has no walkback.
 */

import { describe, expect, test } from 'vitest';

import {
  archiveSoFar,
  badTransaction,
  untilFirstBackup,
  walkbackIn,
  type Operated,
} from '../../scripts/prove/kubernetes/operate.ts';
import { bedImageName } from '../support/kubernetes/bed-image.ts';
import { bedPlainImage } from '../support/kubernetes/bed-plain-image.ts';
import { startBed } from '../support/kubernetes/bed.ts';
import { startPatroniDatabase } from '../support/kubernetes/patroni-database.ts';
import { PLAIN_PASSWORDS, startPlainDatabase } from '../support/kubernetes/plain-database.ts';

const bed = await startBed();

const rows = async (database: Operated): Promise<number> => {
  const client = await database.connect(await database.untilLeader());
  try {
    return Number((await client.query<{ n: string }>('SELECT count(*) AS n FROM orders')).rows[0]?.n);
  } finally {
    await client.end();
  }
};

interface Answer {
  readonly id: string;
  readonly state: string;
  readonly journal: readonly { readonly at: string; readonly event: string; readonly step?: string }[];
}

/** How long the server and its pod took to end. A pod without Patroni is given ten minutes, which a client could keep it for. */
function stoppedMs(journal: Answer['journal']): number {
  const at = (event: string, step: string): number =>
    Date.parse(journal.findLast((one) => one.event === event && one.step === step)?.at ?? '');
  return at('done', 'scaleDown') - at('begin', 'stopLive');
}

/** Recovers to just before a DELETE without a WHERE, and goes back. @returns all that was said. */
async function thereAndBack(database: Operated, ...flags: readonly string[]): Promise<string> {
  await untilFirstBackup(database);
  const xid = await badTransaction(database);
  await archiveSoFar(database);
  // A client that does not go by itself.
  const idle = await database.connect(await database.untilLeader());
  const run = await walkbackIn(database, ['recover', 'run', '--before-xid', String(xid), ...flags, '--yes', '--json']);
  expect(run.code, run.err).toBe(0);
  const { id, state, journal } = JSON.parse(run.out) as Answer;
  expect(state).toBe('recovered');
  expect(stoppedMs(journal)).toBeLessThan(300_000);
  expect(await rows(database)).toBe(5000);
  await idle.end().catch(() => {});
  const undo = await walkbackIn(database, ['undo', id, '--yes', '--json']);
  expect(undo.code, undo.err).toBe(0);
  expect(await rows(database)).toBe(1);
  return [run.out, run.err, undo.out, undo.err].join('\n');
}

describe.skipIf(bed === undefined).concurrent('a cluster in a namespace is recovered and taken back', () => {
  const there = bed as NonNullable<typeof bed>;

  test('with Patroni’s state in Endpoints', async () => {
    await using database = await startPatroniDatabase(there, { replicas: 1, prefix: 'endpoints', keeps: 'Endpoints' });
    await thereAndBack(database, '--way', 'in-volume');
  }, 900_000);

  test('without Patroni', async () => {
    const image = await bedImageName(there);
    await using database = await startPlainDatabase(there, { image, archiver: 'walkback', prefix: 'plain' });
    await thereAndBack(database);
  }, 900_000);

  test('without Patroni, its passwords in files, and beside an application’s user that is no superuser', async () => {
    const image = await bedImageName(there);
    const options = { image, archiver: 'walkback', prefix: 'files', passwords: 'files' } as const;
    await using database = await startPlainDatabase(there, options);
    const said = await thereAndBack(database);
    for (const password of Object.values(PLAIN_PASSWORDS)) expect(said).not.toContain(password);
  }, 900_000);

  test('in an image without walkback, which is brought', async ({ skip }) => {
    const image = await bedPlainImage(there);
    if (image === undefined) return skip('there is no image without walkback, and none can be made');
    await using database = await startPlainDatabase(there, { image, archiver: 'wal-g', prefix: 'brought' });
    await thereAndBack(database, '--walkback-image', await bedImageName(there), '--way', 'recreate');
  }, 900_000);
});
