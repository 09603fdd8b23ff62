/**
 * The indexes that an agent writes behind its pushes, under a real server: `archive_command` does not wait for them, and a
 * log that is read from them is the one that is read from the segments.
 */

import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { PushedSegmentIndexes } from '../../src/app/index-pushed-segments.ts';
import { runAgent } from '../../src/archive/agent.ts';
import { exists } from '../../src/archive/server.ts';
import { openNames } from '../../src/history/names/open-names.ts';
import { readSegmentIndexes } from '../../src/history/segment-indexes.ts';
import { listWal } from '../../src/history/segment-source-wal.ts';
import { readTimelines } from '../../src/history/timelines.ts';
import type { LoggedTransaction } from '../../src/history/transactions/logged-transaction.ts';
import { readTransactions } from '../../src/history/transactions/read-transactions.ts';
import { lsn } from '../../src/postgres/lsn.ts';
import type { ObjectStore } from '../../src/storage/object-store.ts';
import { openStore } from '../../src/storage/open.ts';
import { INDEX_FOLDER } from '../../src/wal-index/index-object.ts';
import { ARCHIVE_SCRIPT, quoted, settingText, until } from '../support/archived-cluster.ts';
import { startPostgres, type TestServer } from '../support/postgres.ts';

const SEGMENTS = 8;

/** The same store, whose index objects are written when `opened` resolves, and no sooner. */
function indexesHeldBack(store: ObjectStore, opened: Promise<void>): ObjectStore {
  return new Proxy(store, {
    get(target, name) {
      if (name !== 'put') {
        const member: unknown = Reflect.get(target, name);
        return typeof member === 'function' ? (member.bind(target) as unknown) : member;
      }
      const put: ObjectStore['put'] = async (key, body, options) => {
        if (key.startsWith(INDEX_FOLDER)) await opened;
        return target.put(key, body, options);
      };
      return put;
    },
  });
}

describe('an agent that writes indexes', () => {
  let root: string;
  let spool: string;
  let store: ObjectStore;
  let server: TestServer;
  let stop: AbortController;

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'walkback-agent-indexes-'));
    spool = join(root, 'spool');
    stop = new AbortController();
    await mkdir(join(root, 'archive'));
    store = await openStore({ kind: 'file', path: join(root, 'archive') });
    const command = `WALG_FILE_PREFIX=${quoted(join(root, 'archive'))} PATH=/usr/bin:/bin ${quoted(ARCHIVE_SCRIPT)} ${quoted(spool)} "%p"`;
    const settings = { archive_mode: 'on', archive_command: settingText(command) };
    server = await startPostgres({ major: 17, root: join(root, 'server'), walSegmentSizeMib: 1, settings });
  });
  afterEach(async () => {
    stop.abort();
    await server.stop('immediate');
    await store.close();
    await rm(root, { recursive: true, force: true });
  });

  async function archiver(): Promise<{ archived: number; failed: number }> {
    const [row] = await server.sql<{ archived: number; failed: number }>(
      'SELECT archived_count::int AS archived, failed_count::int AS failed FROM pg_stat_archiver',
    );
    return row ?? { archived: 0, failed: 0 };
  }

  async function indexCount(): Promise<number> {
    return (await Array.fromAsync(store.list(INDEX_FOLDER))).length;
  }

  async function workload(): Promise<void> {
    await server.sql('CREATE TABLE orders (id int PRIMARY KEY, note text)');
    for (let made = 0; made < SEGMENTS; made += 1) {
      await server.sql(`INSERT INTO orders SELECT i, 'new' FROM generate_series(${made * 100}, ${made * 100 + 99}) i`);
      await server.sql(`UPDATE orders SET note = 'paid' WHERE id % ${made + 2} = 0`);
      await server.sql(`DELETE FROM orders WHERE id = ${made * 100 + 7}`);
      await server.sql('SELECT pg_switch_wal()');
    }
  }

  async function readLog(useIndex: boolean): Promise<{ log: LoggedTransaction[]; ignored: number }> {
    const wal = await listWal({ store });
    const timelines = await readTimelines(store, wal);
    const line = timelines.lineOf(1);
    const first = wal.segments.get(1)?.[0]?.firstIndex ?? 0n;
    const fromLsn = lsn(first * BigInt(wal.segmentSizeBytes));
    const { systemIdentifier } = wal;
    const names = await openNames({ store, line, fromLsn, systemIdentifier, onWarning: () => {}, signal: stop.signal });
    const indexes = readSegmentIndexes({
      store,
      wal,
      line,
      fromLsn,
      useIndex,
      catalogFiles: () => names.catalogFiles(),
    });
    const log = await Array.fromAsync(readTransactions({ indexes, names, line }));
    return { log, ignored: indexes.ignored.length };
  }

  it('lets archive_command succeed while none can be stored; then the log is the same with and without them', async () => {
    const opened = Promise.withResolvers<void>();
    const warnings: string[] = [];
    await using indexes = new PushedSegmentIndexes({
      store: indexesHeldBack(store, opened.promise),
      dataDirectory: server.dataDirectory,
      onWarning: (text) => warnings.push(text),
      signal: stop.signal,
    });
    const { dataDirectory } = server;
    const report = indexes.take.bind(indexes);
    const running = runAgent({ store, dataDirectory, spool, report, signal: stop.signal });
    await until('the agent serves', async () => exists(join(spool, 'current', 'heartbeat')));
    await workload();
    await until('all are archived', async () => (await archiver()).archived >= SEGMENTS);
    expect(await archiver()).toMatchObject({ failed: 0 });
    expect(await indexCount()).toBe(0);

    opened.resolve();
    await until('all are indexed', async () => (await indexCount()) >= SEGMENTS);
    const [by, without] = [await readLog(true), await readLog(false)];
    expect(by.ignored).toBe(0);
    expect(by.log).toStrictEqual(without.log);
    expect(by.log.filter(({ changes }) => changes.some(({ deleted }) => deleted === 1))).toHaveLength(SEGMENTS);
    expect(warnings).toStrictEqual([]);
    stop.abort();
    await running;
  });
});
