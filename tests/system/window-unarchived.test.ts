/** What `walkback window` says is on the server alone, where the archive ends inside the record of a commit. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Client } from 'pg';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';

import { startPostgres, type TestServer } from '../support/postgres.ts';
import { PROGRAM, runWalkback } from '../support/walkback-process.ts';

const SEGMENT_BYTES = 16n * 1024n * 1024n;
/** The record's header alone is longer. */
const LEFT_BYTES = 16n;
/** The record of a message without its bytes: header, header of the data, `xl_logical_message`, an empty prefix (`replication/message.h`). */
const MESSAGE_BYTES = 24n + 5n + 24n + 1n;
/** From here on a header of the data has five bytes. */
const SHORTEST_MESSAGE_BYTES = 300n;

let server: TestServer;
let folder: string;
let environment: Record<string, string>;

/** How much of the segment is left behind what was written. */
async function leftBytes(client: Client): Promise<bigint> {
  const { rows } = await client.query<{ at: string }>(`SELECT pg_current_wal_insert_lsn() - '0/0' AS at`);
  return SEGMENT_BYTES - (BigInt(rows[0]?.at ?? 0) % SEGMENT_BYTES);
}

const write = async (client: Client, bytes: bigint): Promise<unknown> =>
  client.query(`SELECT pg_logical_emit_message(false, '', repeat('x', $1))`, [Number(bytes)]);

/** Writes until {@link LEFT_BYTES} are left of a segment. The server writes too, now and then: then of another one. */
async function fillSegment(client: Client): Promise<void> {
  for (;;) {
    const left = await leftBytes(client);
    if (left === LEFT_BYTES) return;
    const wantedBytes = left - LEFT_BYTES - MESSAGE_BYTES;
    if (left >= 2n * 8192n) await write(client, left > 100_000n ? left - 60_000n : 4_000n);
    else if (left > 8192n || wantedBytes < SHORTEST_MESSAGE_BYTES) await write(client, SHORTEST_MESSAGE_BYTES);
    else await write(client, wantedBytes);
  }
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'walkback-unarchived-'));
  const archive = join(folder, 'shop');
  await mkdir(archive);
  server = await startPostgres({
    major: 17,
    settings: {
      archive_mode: 'on',
      archive_command: `'WALKBACK_ARCHIVE=${archive} ${PROGRAM} wal push "%p"'`,
      autovacuum: 'off',
      checkpoint_timeout: '1h',
    },
  });
  environment = { WALKBACK_ARCHIVE: archive, PGDATA: server.dataDirectory, WALKBACK_TIME_ZONE: 'UTC' };
});

afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

it('counts a commit whose record begins in the archive and ends on the server', async () => {
  const client = await server.connect();
  await fillSegment(client);
  const filled = await client.query<{ name: string }>(`SELECT pg_walfile_name(pg_current_wal_insert_lsn()) AS name`);
  // A number alone writes nothing before the commit.
  await client.query('BEGIN; SELECT pg_current_xact_id(); COMMIT');
  await client.end();
  const last = async (): Promise<string> => {
    const [row] = await server.sql<{ last: string | null }>('SELECT last_archived_wal AS last FROM pg_stat_archiver');
    return row?.last ?? '';
  };
  await vi.waitUntil(async () => (await last()) >= (filled.rows[0]?.name ?? '~'), { timeout: 60_000, interval: 100 });
  const { code, out } = await runWalkback(['window', '--json'], environment);
  expect(code).toBe(0);
  expect(JSON.parse(out)).toMatchObject({ unarchived: { commitCount: 1, isAll: true } });
});
