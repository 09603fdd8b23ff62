/**
 * Backups that agents of replicas take, with real servers and agents as processes.
 */

import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { listBackups } from '../../src/backup/list.ts';
import type { ObjectStore } from '../../src/storage/object-store.ts';
import { openStore } from '../../src/storage/open.ts';
import { AgentProcess } from '../support/agent-process.ts';
import { ARCHIVE_SCRIPT, quoted, settingText, until } from '../support/archived-cluster.ts';
import { startPostgres, type TestServer } from '../support/postgres.ts';
import { replicaFromBackup } from '../support/replica-of-backup.ts';

const BEGUN = /backup begun/;
/** Each program takes its time to start where others are at work, and a minute has to begin. */
const SLOWLY_MS = 180_000;

describe('backups of replicas', { timeout: 480_000 }, () => {
  let root: string;
  let store: ObjectStore;
  let server: TestServer;

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'walkback-replica-backups-'));
    await mkdir(join(root, 'archive'));
    store = await openStore({ kind: 'file', path: join(root, 'archive') });
    const command = `PATH=/usr/bin:/bin ${quoted(ARCHIVE_SCRIPT)} ${quoted(join(root, 'spool'))} "%p"`;
    // What a replica needs stays with the server until the replica has an agent that fetches.
    const settings = { archive_mode: 'on', archive_command: settingText(command), wal_keep_size: "'64MB'" };
    server = await startPostgres({ major: 17, root: join(root, 'server'), walSegmentSizeMib: 1, settings });
    await server.sql('CREATE TABLE t AS SELECT i, md5(i::text) AS note FROM generate_series(1, 30000) i');
  });
  afterEach(async () => {
    await server.stop('immediate');
    await store.close();
    await rm(root, { recursive: true, force: true });
  });

  const agentOf = (of: TestServer, spool: string, over: Record<string, string> = {}) =>
    new AgentProcess({
      dataDirectory: of.dataDirectory,
      spool: join(root, spool),
      environment: {
        WALKBACK_ARCHIVE: join(root, 'archive'),
        WALKBACK_BACKUP_SCHEDULE: '* * * * *',
        WALG_BACKUP_FROM_REPLICA: 'true',
        PGHOST: of.socketDirectory,
        ...over,
      },
    });

  const replicaNamed = (name: string) =>
    replicaFromBackup({ root: join(root, name), spool: join(root, `${name} spool`), store, server });

  const countOf = ({ lines }: AgentProcess, what: RegExp) => lines.filter((line) => what.test(line)).length;

  it('are taken by one replica when they are due, and the leader takes the first', async () => {
    await using leader = agentOf(server, 'spool');
    await leader.says(/backup base_\w+: /, SLOWLY_MS);
    await using replica = await replicaNamed('replica');
    await using other = await replicaNamed('other');
    await using follower = agentOf(replica, 'replica spool');
    await using another = agentOf(other, 'other spool');
    // Nothing is written meanwhile: the leader ends the segments that the replica needs.
    await until(
      'a replica has taken one',
      async () => countOf(follower, /backup base_\w+: /) + countOf(another, /backup base_\w+: /) > 0,
      2 * SLOWLY_MS,
    );
    expect(countOf(leader, BEGUN)).toBe(1);
    await leader.says(/backup base_\w+, of a replica: /, SLOWLY_MS);
    expect(await leader.says(/a backup is due/)).toMatch(/until .* a replica may begin it/);
    const backups = await listBackups(store);
    for (const [at, { startedAt }] of backups.entries()) {
      const before = backups[at - 1];
      if (before !== undefined) expect(startedAt.getTime()).toBeGreaterThanOrEqual(before.finishedAt.getTime());
    }
    expect([follower, another].flatMap(({ lines }) => lines.filter((line) => /backup: /.test(line)))).toEqual([]);
  });

  it('are taken by the leader when no replica begins them in time', async () => {
    await using leader = agentOf(server, 'spool', { WALKBACK_REPLICA_BACKUP_WAIT: '2s' });
    await leader.says(/no replica has taken the backup in 2.0 s/, SLOWLY_MS);
    await until('there is a second backup', async () => (await listBackups(store)).length === 2, SLOWLY_MS);
  });

  it('are dropped when the replica is promoted meanwhile', async () => {
    await using leader = agentOf(server, 'spool');
    await leader.says(/backup base_\w+: /, SLOWLY_MS);
    await using replica = await replicaNamed('replica');
    await using follower = agentOf(replica, 'replica spool', { WALKBACK_DISK_RATE_LIMIT: '1MB' });
    await follower.says(BEGUN, SLOWLY_MS);
    await until(
      'it is marked',
      async () => (await store.listFolder('walkback_001/running/')).objects.length === 1,
      SLOWLY_MS,
    );
    const before = (await listBackups(store)).map(({ name }) => name);
    await replica.sql('SELECT pg_promote()');
    await follower.says(/the server was promoted meanwhile/, SLOWLY_MS);
    expect((await listBackups(store)).map(({ name }) => name)).toEqual(before);
    const keys = (await Array.fromAsync(store.list('basebackups_005/'))).map(({ key }) => key);
    expect(keys.filter((key) => !before.some((name) => key.includes(name)))).toEqual([]);
  });
});
