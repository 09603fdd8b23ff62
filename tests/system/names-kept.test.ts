import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { PushedSegmentIndexes } from '../../src/app/index-pushed-segments.ts';
import { KeptNames } from '../../src/app/keep-names.ts';
import { listCatalogSnapshots } from '../../src/archive/catalog-snapshots.ts';
import { pushWalFile } from '../../src/archive/push.ts';
import { openNames } from '../../src/history/names/open-names.ts';
import { databasesOf } from '../../src/instance/read-catalog.ts';
import { controlFileOf } from '../../src/instance/control-file-of.ts';
import { lsn } from '../../src/postgres/lsn.ts';
import type { ObjectStore } from '../../src/storage/object-store.ts';
import { openStore } from '../../src/storage/open.ts';
import { segmentIndexKey } from '../../src/wal-index/index-object.ts';
import { until } from '../support/archived-cluster.ts';
import { startPostgres, type TestServer } from '../support/postgres.ts';

const LINE = { timeline: 1, ancestors: [] };

describe('names that the agent keeps', () => {
  let folder = '';
  let server: TestServer;
  let store: ObjectStore;
  let names: KeptNames;
  let indexes: PushedSegmentIndexes;
  const warnings: string[] = [];
  const stop = new AbortController();

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'walkback-names-'));
    server = await startPostgres({ major: 17, walSegmentSizeMib: 1, settings: { wal_keep_size: "'1GB'" } });
    store = await openStore({ kind: 'file', path: folder });
    const told = { store, onWarning: (text: string) => void warnings.push(text), signal: stop.signal };
    const connection = { host: server.socketDirectory, port: server.port, user: 'postgres', database: 'postgres' };
    names = new KeptNames({ ...told, connectTo: databasesOf(connection), pauseMs: 100 });
    const { dataDirectory } = server;
    indexes = new PushedSegmentIndexes({ ...told, dataDirectory, onStored: (one) => names.takeSegment(one) });
    const { systemIdentifier } = await controlFileOf(dataDirectory);
    indexes.take({ kind: 'serving', systemIdentifier, timeline: 1, spool: '' });
    names.begin(systemIdentifier);
  });
  afterAll(async () => {
    stop.abort();
    await indexes[Symbol.asyncDispose]();
    await names[Symbol.asyncDispose]();
    await store.close();
    await server[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  const count = async (): Promise<number> => (await listCatalogSnapshots(store)).length;

  /** As the agent does, of the segment that the server writes now. */
  async function push(): Promise<void> {
    const [row] = await server.sql<{ name: string }>('SELECT pg_walfile_name(pg_switch_wal()) AS name');
    const fileName = row?.name ?? '';
    const path = join(server.dataDirectory, 'pg_wal', fileName);
    const { key, storedBytes } = await pushWalFile({ store, path });
    indexes.take({ kind: 'pushed', fileName, key, storedBytes });
    await until(`${fileName} has an index`, async () => (await store.stat(segmentIndexKey(fileName))) !== undefined);
  }

  it('are those of the server when it begins', async () => {
    await until('the first names', async () => (await count()) === 1);
    expect(warnings).toEqual([]);
  });

  it('are kept again behind a segment with DDL, and not behind one without', async () => {
    await server.sql('CREATE TABLE orders (id int PRIMARY KEY, note text)');
    await push();
    await until('names behind DDL', async () => (await count()) === 2);
    const book = await openNames({ store, line: LINE, fromLsn: lsn(0n) });
    expect(book.named('orders')).toMatchObject([{ schemaName: 'public', kind: 'table', databaseName: 'postgres' }]);
    await server.sql('INSERT INTO orders SELECT g FROM generate_series(1, 100) g');
    await push();
    await server.sql('CREATE TEMPORARY TABLE passing (id int)');
    await push();
    await new Promise((done) => setTimeout(done, 500));
    expect(await count()).toBe(2);
  });

  it('are kept again after many segments with DDL of which no name is left, so that nobody has to read them all', async () => {
    for (let n = 0; n < 62; n += 1) names.takeSegment({ hasDdl: true });
    await new Promise((done) => setTimeout(done, 500));
    expect(await count()).toBe(2);
    await server.sql('SELECT pg_switch_wal()');
    await server.sql('CHECKPOINT');
    names.takeSegment({ hasDdl: true });
    await until('names again', async () => (await count()) === 3);
  });

  it('are kept later when the server could not be asked', async () => {
    await server.sql('CREATE TABLE later (id int)');
    await server.stop();
    names.takeSegment({ hasDdl: true });
    await until('a warning', async () => warnings.length > 0);
    expect(warnings).toEqual([expect.stringMatching(/^names of relations are not kept: cannot connect to the server/)]);
    await server.start();
    await until('names after the outage', async () => (await count()) === 4);
    const book = await openNames({ store, line: LINE, fromLsn: lsn(0n) });
    expect(book.named('later')).toHaveLength(1);
    expect(warnings).toHaveLength(1);
  });
});
