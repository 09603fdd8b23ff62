import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { backupSourceOf } from '../../src/backup/backup-source.ts';
import { takeBackup } from '../../src/backup/take.ts';
import { noProgress } from '../../src/base/progress.ts';
import { connect, type Connection } from '../../src/instance/connection.ts';
import { positionOf, writeChangedPages, writeChangedPagesOfReplica } from '../../src/recovery/write-changed-pages.ts';
import { startArchivingServer, untilTrue } from '../support/backup-server.ts';
import type { TestServer } from '../support/postgres.ts';
import { replicaFromBackup } from '../support/replica-of-backup.ts';

const addressOf = ({ socketDirectory: host, port }: TestServer) => ({
  host,
  port,
  user: 'postgres',
  database: 'postgres',
});

/** The newest checkpoint that a server's data are whole at. */
async function checkpointOf(server: Connection): Promise<string> {
  const [row] = await server.query('select checkpoint_lsn from pg_control_checkpoint()');
  return String(row?.['checkpoint_lsn']);
}

describe('a cluster that is stopped next', () => {
  it('has its changed pages written on the primary, and on the replica that follows it', async () => {
    await using archiving = await startArchivingServer(17);
    const { server, store, scratch } = archiving;
    await takeBackup({
      store,
      instance: backupSourceOf(addressOf(server)),
      dataDirectory: server.dataDirectory,
      compression: 'zstd',
      concurrency: 2,
      onProgress: noProgress,
    });
    await using follower = await replicaFromBackup({
      root: join(scratch, 'replica'),
      spool: join(scratch, 'spool'),
      store,
      server,
    });
    await untilTrue(server, "exists (select from pg_stat_replication where state = 'streaming')");
    await server.sql('create table t as select generate_series(1, 50000) as i');
    await using primary = await connect(addressOf(server));
    await using replica = await connect(addressOf(follower));
    const before = await checkpointOf(primary);

    await writeChangedPages(primary);
    await writeChangedPagesOfReplica(replica, await positionOf(primary));

    const written = await checkpointOf(primary);
    expect(written).not.toBe(before);
    expect(await checkpointOf(replica)).toBe(written);
  });
});
