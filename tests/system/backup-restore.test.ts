import { lstat, mkdir, readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { isEncryptedKey } from '../../src/archive/encrypted-keys.ts';
import { listBackups } from '../../src/backup/list.ts';
import { takeBackup } from '../../src/backup/take.ts';
import { noProgress } from '../../src/base/progress.ts';
import { libsodiumCipher } from '../../src/codec/libsodium/libsodium-cipher.ts';
import { openNames } from '../../src/history/names/open-names.ts';
import { restoreBackup } from '../../src/restore/restore-backup.ts';
import { encryptingStore } from '../../src/storage/encrypting-store.ts';
import type { ObjectStore } from '../../src/storage/object-store.ts';
import { archiveAll, startArchivingServer, startRestored, untilTrue } from '../support/backup-server.ts';

const TABLES_SUM = `
  select 'accounts' as name, count(*)::int as rows, md5(string_agg(a::text, ',' order by id)) as sum from accounts a
  union all select 'placed', count(*)::int, md5(string_agg(p::text, ',' order by id)) from placed p
  union all select 'unlogged', count(*)::int, null from forgotten`;

/** Encrypts as an archive does, but for WAL, which the server's archive_command copies in plain. */
async function encrypting(store: ObjectStore): Promise<ObjectStore> {
  const cipher = await libsodiumCipher(Buffer.alloc(32, 3), 'WALG_LIBSODIUM_KEY');
  return encryptingStore(store, { cipher, isEncrypted: (key) => isEncryptedKey(key) && !key.startsWith('wal_005/') });
}

describe('a backup taken under load', () => {
  it.each([
    [14, 'lz4', 'plain'],
    [16, 'brotli', 'encrypted'],
    [18, 'zstd', 'plain'],
  ] as const)('of PostgreSQL %i (%s, %s) restores to what the server held', async (major, compression, encryption) => {
    await using archiving = await startArchivingServer(major);
    const { server, source, archive, scratch } = archiving;
    const store = encryption === 'plain' ? archiving.store : await encrypting(archiving.store);
    const place = join(scratch, 'place');
    await mkdir(place);
    await server.sql(`create tablespace elsewhere location '${place}'`);
    await server.sql('create table accounts (id bigint primary key, note text)');
    await server.sql('create table placed (id bigint primary key, note text) tablespace elsewhere');
    await server.sql('create unlogged table forgotten as select generate_series(1, 1000) as id');
    await server.sql(`insert into accounts select i, repeat(md5(i::text), 8) from generate_series(1, 60000) i`);
    await server.sql(`insert into placed select i, repeat(md5(i::text), 8) from generate_series(1, 20000) i`);
    await server.sql('checkpoint');

    let isRunning = true;
    const load = (async () => {
      const client = await server.connect();
      for (let round = 0; isRunning; round++) {
        await client.query('update accounts set note = md5(note) where id % 50 = $1', [round % 50]);
        await client.query(
          'insert into placed select 100000 + $1::int * 100 + i, md5(i::text) from generate_series(1, 100) i',
          [round],
        );
        await client.query('create table if not exists passing (id int); drop table passing');
      }
      await client.end();
    })();
    const backup = await takeBackup({
      store,
      instance: source,
      dataDirectory: server.dataDirectory,
      compression,
      concurrency: 2,
      onProgress: noProgress,
    });
    isRunning = false;
    await load;
    expect(backup).toMatchObject({ arePagesVerified: true, corruptFiles: [], isPermanent: false });
    expect(backup.tablespaces).toEqual([{ oid: expect.any(Number), location: place }]);
    const [listed] = await listBackups(store);
    expect(listed).toMatchObject({ name: backup.name, startLsn: backup.startLsn, finishLsn: backup.finishLsn });

    expect(backup.warnings).toEqual([]);
    const names = await openNames({ store, line: { timeline: 1, ancestors: [] }, fromLsn: backup.startLsn });
    expect(names.named('public.accounts')).toMatchObject([{ databaseName: 'postgres', kind: 'table' }]);
    expect(names.named('placed')).toMatchObject([{ tablespaceOid: backup.tablespaces[0]?.oid }]);

    const held = await server.sql(TABLES_SUM);
    await archiveAll(server);

    const root = join(scratch, 'restored');
    const newPlace = join(scratch, 'new-place');
    const oid = backup.tablespaces[0]?.oid ?? 0;
    const report = await restoreBackup({
      store,
      backup,
      destination: join(root, 'data'),
      tablespaceLocations: new Map([[oid, newPlace]]),
      concurrency: 2,
      onProgress: noProgress,
    });
    expect(report.files).toBeGreaterThan(800);
    expect((await lstat(join(root, 'data'))).mode & 0o777).toBe(0o700);
    expect(await readlink(join(root, 'data', 'pg_tblspc', String(oid)))).toBe(newPlace);
    expect(await readdir(join(root, 'data'))).not.toContain('tablespace_map');
    await server.stop();

    const restored = await startRestored(root, major, archive);
    try {
      await untilTrue(restored, 'not pg_is_in_recovery()');
      const rows = await restored.sql<{ name: string }>(TABLES_SUM);
      expect(rows.filter(({ name }) => name !== 'unlogged')).toEqual(held.filter((row) => row['name'] !== 'unlogged'));
      expect(rows.find(({ name }) => name === 'unlogged')).toMatchObject({ rows: 0 });
    } finally {
      await restored.stop();
    }
  });
});
