import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { listBackups } from '../../src/backup/list.ts';
import { takeBackup, type TakenBackup, type TakeBackupOptions } from '../../src/backup/take.ts';
import { noProgress } from '../../src/base/progress.ts';
import { runPrune } from '../../src/prune/prune.ts';
import { planPrune } from '../../src/prune/prune-plan.ts';
import { restoreBackup } from '../../src/restore/restore-backup.ts';
import { verifyArchive, type VerifyReport } from '../../src/verify/verify.ts';
import {
  archiveAll,
  startArchivingServer,
  startRestored,
  untilTrue,
  type ArchivingServer,
} from '../support/backup-server.ts';

const SUM = `select count(*)::int as rows, md5(string_agg(a::text, ',' order by id)) as sum from accounts a`;

async function take(archiving: ArchivingServer, more: Partial<TakeBackupOptions> = {}): Promise<TakenBackup> {
  return takeBackup({
    store: archiving.store,
    instance: archiving.source,
    dataDirectory: archiving.server.dataDirectory,
    compression: 'zstd',
    concurrency: 2,
    onProgress: noProgress,
    ...more,
  });
}

async function verify({ store }: ArchivingServer): Promise<VerifyReport> {
  return verifyArchive(store, {
    scope: 'all',
    isDeep: true,
    notBeforeMs: Number.NEGATIVE_INFINITY,
    untilMs: Number.POSITIVE_INFINITY,
    concurrency: 2,
    onProgress: noProgress,
  });
}

/** Updates a part of the table, without end, until told. */
function keepBusy({ server }: ArchivingServer): () => Promise<void> {
  let isRunning = true;
  const load = (async () => {
    const client = await server.connect();
    for (let round = 0; isRunning; round++) {
      await client.query('update accounts set note = md5(note) where id % 50 = $1', [round % 50]);
    }
    await client.end();
  })();
  return async () => {
    isRunning = false;
    await load;
  };
}

describe('an archive of a server under load', () => {
  it('is verified, pruned, verified again, and restores to what the server held', async () => {
    await using archiving = await startArchivingServer(18);
    const { server, store, scratch, archive } = archiving;
    await server.sql('create table accounts (id bigint primary key, note text)');
    await server.sql('insert into accounts select i, repeat(md5(i::text), 8) from generate_series(1, 40000) i');
    const rest = keepBusy(archiving);
    const old = await take(archiving);
    const full = await take(archiving);
    const delta = await take(archiving, { delta: { maxSteps: 3, origin: 'LATEST' } });
    await rest();
    const [held] = await server.sql(SUM);
    await archiveAll(server);

    const first = await verify(archiving);
    expect(first).toMatchObject({
      findings: [],
      isDone: true,
      backups: { backups: 3, restored: 3, withoutChecksums: 0 },
    });
    const plan = await planPrune(store, { policy: { keepFull: 1 } });
    expect(plan.going.map(({ backup }) => backup.name)).toEqual([old.name]);
    const before = first.wal.total;
    const report = await runPrune(store, plan);
    expect(report.segmentCount).toBeGreaterThan(0);

    expect((await listBackups(store)).map(({ name }) => name)).toEqual([full.name, delta.name]);
    const second = await verify(archiving);
    expect(second).toMatchObject({ findings: [], backups: { backups: 2, restored: 0, read: 0 }, wal: { read: 0 } });
    expect(second.wal.total).toBe(before - report.segmentCount);

    const root = join(scratch, 'restored');
    const place = { destination: join(root, 'data'), tablespaceLocations: new Map<number, string>() };
    await restoreBackup({ store, backup: delta, ...place, concurrency: 2, onProgress: noProgress });
    await using restored = await startRestored(root, 18, archive);
    await untilTrue(restored, 'not pg_is_in_recovery()');
    expect(await restored.sql(SUM)).toEqual([held]);
  });
});
