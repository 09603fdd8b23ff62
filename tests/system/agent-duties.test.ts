/**
 * What the agent does beside pushing and fetching, as a process under a real server.
 */

import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { formatTerm, leaseKey } from '../../src/agent/lease-term.ts';
import { listBackups } from '../../src/backup/list.ts';
import type { ObjectStore } from '../../src/storage/object-store.ts';
import { openStore } from '../../src/storage/open.ts';
import { AgentProcess } from '../support/agent-process.ts';
import { ARCHIVE_SCRIPT, quoted, ROOT, settingText, until } from '../support/archived-cluster.ts';
import { freePort } from '../support/programs.ts';
import { runProgram, startPostgres, type TestServer } from '../support/postgres.ts';
import { replicaFromBackup } from '../support/replica-of-backup.ts';

describe('an agent', () => {
  let root: string;
  let spool: string;
  let store: ObjectStore;
  let server: TestServer;

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'walkback-agent-duties-'));
    spool = join(root, 'spool');
    await mkdir(join(root, 'archive'));
    store = await openStore({ kind: 'file', path: join(root, 'archive') });
    const command = `PATH=/usr/bin:/bin ${quoted(ARCHIVE_SCRIPT)} ${quoted(spool)} "%p"`;
    // Segments stay in pg_wal after they are archived.
    const settings = { archive_mode: 'on', archive_command: settingText(command), wal_keep_size: "'64MB'" };
    server = await startPostgres({ major: 17, root: join(root, 'server'), walSegmentSizeMib: 1, settings });
    await server.sql('CREATE TABLE t (i int)');
  });
  afterEach(async () => {
    await server.stop('immediate');
    await store.close();
    await rm(root, { recursive: true, force: true });
  });

  const agentOf = ({ dataDirectory, socketDirectory }: TestServer, itsSpool: string, over: Record<string, string>) =>
    new AgentProcess({
      dataDirectory,
      spool: itsSpool,
      environment: {
        WALKBACK_ARCHIVE: join(root, 'archive'),
        WALKBACK_CHAIN_CHECK_INTERVAL: '1s',
        PGHOST: socketDirectory,
        ...over,
      },
    });

  const start = (over: Record<string, string> = {}, itsSpool = spool) => agentOf(server, itsSpool, over);

  const replicaSpool = () => join(root, 'replica spool');

  /** Made of the newest backup. */
  const replicate = () => replicaFromBackup({ root: join(root, 'replica'), spool: replicaSpool(), store, server });

  /** The agent of a replica. */
  const follow = (replica: TestServer) => agentOf(replica, replicaSpool(), { WALKBACK_BACKUP_SCHEDULE: '0 3 * * *' });

  /** Writes a segment; answers with its name. */
  async function switchSegment(): Promise<string> {
    await server.sql('INSERT INTO t VALUES (1)');
    const [row] = await server.sql<{ name: string }>('SELECT pg_walfile_name(pg_current_wal_insert_lsn()) AS name');
    await server.sql('SELECT pg_switch_wal()');
    return row?.name ?? '';
  }

  /** Writes a segment; answers with its name, once it is archived. */
  async function writeSegment(): Promise<string> {
    const name = await switchSegment();
    await until(`${name} is archived`, async () => (await keysOf(name)).length > 0);
    return name;
  }

  const keysOf = async (fileName: string) =>
    (await Array.fromAsync(store.list(`wal_005/${fileName}`))).map(({ key }) => key);

  it('takes a backup when there is none, heals a hole from pg_wal, and takes a fresh one where it cannot', async () => {
    const port = await freePort();
    await using agent = start({ WALKBACK_BACKUP_SCHEDULE: '0 3 * * *', WALKBACK_METRICS_ADDRESS: String(port) });
    await agent.says(/backup begun: there is none/);
    await agent.says(/backup base_\w+: /);
    const [first] = await listBackups(store);
    expect(first?.deltaFrom).toBeUndefined();

    const [healed, lost] = [await writeSegment(), await writeSegment()];
    await writeSegment();
    await store.delete(await keysOf(healed));
    await agent.says(new RegExp(`healed: ${healed}`));
    expect(await keysOf(healed)).toHaveLength(1);

    await rm(join(server.dataDirectory, 'pg_wal', lost));
    await store.delete(await keysOf(lost));
    await agent.says(new RegExp(`lost: 1 file of WAL from ${lost}`));
    await agent.says(new RegExp(`backup begun: ${lost} is lost`));
    await until('there is a second backup', async () => (await listBackups(store)).length === 2);
    expect(agent.lines.filter((line) => /backup begun/.test(line))).toHaveLength(2);
    const readMetrics = async () => (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    // The backup is there before the agent hears of it.
    await until('it counts both', async () => /^walkback_backups_total 2$/m.test(await readMetrics()));
    const metrics = await readMetrics();
    expect(metrics).toMatch(/^walkback_chain_healed_files_total 1$/m);
    expect(metrics).toMatch(/^walkback_chain_lost_files_total 1$/m);
    await until('it is well again', async () => (await fetch(`http://127.0.0.1:${port}/health`)).status === 200);
  });

  it('tells at its start of the newest backup, whoever took it, and of WAL that is missing behind an older one', async () => {
    const { dataDirectory: PGDATA, socketDirectory: PGHOST } = server;
    const environment = { WALKBACK_ARCHIVE: join(root, 'archive'), PGHOST, PGDATA };
    const takeBackup = () => runProgram(process.execPath, [join(ROOT, 'src/main.ts'), 'backup', 'take'], environment);
    await using first = start();
    await first.says(/this agent takes backups/);
    await takeBackup();
    const lost = [await writeSegment(), await writeSegment()];
    await writeSegment();
    await takeBackup();
    await first.end();
    for (const name of lost) {
      await rm(join(server.dataDirectory, 'pg_wal', name));
      await store.delete(await keysOf(name));
    }

    const port = await freePort();
    await using again = start({ WALKBACK_METRICS_ADDRESS: String(port) });
    const [older, newer] = await listBackups(store);
    await again.says(new RegExp(`2 files of WAL are missing behind ${older?.name} .*, from ${lost[0]} on`));
    let metrics = '';
    await until('it has looked behind the newest backup, too', async () => {
      metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
      return /^walkback_chain_missing_files 0$/m.test(metrics);
    });
    expect(metrics).toMatch(/^walkback_window_missing_files 2$/m);
    const finished = /^walkback_backup_last_success_timestamp_seconds (\S+)$/m.exec(metrics)?.[1];
    expect(Number(finished)).toBe((newer?.finishedAt.getTime() ?? 0) / 1000);
    const health = await fetch(`http://127.0.0.1:${port}/health`);
    expect(health.status).toBe(200);
    expect(await health.json()).toMatchObject({
      statements: [
        { topic: 'backup', text: expect.stringContaining(`the newest, ${newer?.name}, was finished at`) },
        { topic: 'window', text: expect.stringContaining(`2 WAL files are missing from the oldest backup on`) },
      ],
    });
  });

  it('sees that a server archives nothing any more: it pushes what is still in pg_wal, and says what is lost', async () => {
    const port = await freePort();
    await using agent = start({ WALKBACK_BACKUP_SCHEDULE: '0 3 * * *', WALKBACK_METRICS_ADDRESS: String(port) });
    await agent.says(/backup base_\w+: /);
    await server.sql('ALTER SYSTEM SET archive_mode = off');
    await server.stop('fast');
    await server.start();
    const healed = await switchSegment();
    await server.sql('CHECKPOINT');
    await agent.says(new RegExp(`healed: ${healed}`));

    const lost = await switchSegment();
    await rm(join(server.dataDirectory, 'pg_wal', lost));
    await server.sql('CHECKPOINT');
    await agent.says(new RegExp(`lost: 1 file of WAL from ${lost}`));
    const health = await fetch(`http://127.0.0.1:${port}/health`);
    expect(health.status).toBe(503);
    expect(await health.json()).toMatchObject({ problems: [{ topic: 'chain' }] });
  });

  it('takes a backup after so much WAL', async () => {
    await using agent = start({ WALKBACK_BACKUP_AFTER_WAL: '16MB' });
    await agent.says(/backup base_\w+: /);
    await server.sql("SELECT pg_logical_emit_message(false, 'load', repeat('x', 1000000)) FROM generate_series(1, 18)");
    await agent.says(/backup begun: 1\d\.?\d* \w+ of WAL were written/);
    await until('there is a second backup', async () => (await listBackups(store)).length === 2);
  });

  it('lets a backup go on that an agent has begun which was killed, and takes no other', async () => {
    const killed = start({ WALKBACK_BACKUP_SCHEDULE: '0 3 * * *' });
    await killed.says(/backup begun/);
    await until('it is marked', async () => (await store.listFolder('walkback_001/running/')).objects.length === 1);
    await killed.end('SIGKILL');
    await using next = start({ WALKBACK_BACKUP_SCHEDULE: '0 3 * * *' });
    await until('there is a backup', async () => (await listBackups(store)).length === 1);
    await next.says(/next backup at/);
    expect(next.lines.filter((line) => /backup begun/.test(line))).toEqual([]);
  });

  it('prunes what the settings do not keep, but nothing while the archive is frozen', async () => {
    const { dataDirectory: PGDATA, socketDirectory: PGHOST } = server;
    const environment = { WALKBACK_ARCHIVE: join(root, 'archive'), PGHOST, PGDATA };
    const walkback = (...args: string[]) =>
      runProgram(process.execPath, [join(ROOT, 'src/main.ts'), ...args], environment);
    await using agent = start();
    for (let taken = 0; taken < 2; taken += 1) await walkback('backup', 'take');
    const said = await walkback('freeze', '--reason', 'lost orders', '--by', 'anna', '--json');
    // Its progress, an object a line, comes before the answer.
    const frozen: unknown = JSON.parse(said.trim().split('\n').at(-1) ?? '');
    expect(frozen).toMatchObject({ isNew: true, note: { by: 'anna' }, moment: { isArchived: true }, warnings: [] });
    await agent.end();

    await using again = start({ WALKBACK_KEEP_FULL: '1' });
    await again.says(/not pruned: the archive is frozen, since .* by anna: lost orders/);
    expect(await listBackups(store)).toHaveLength(2);
    await expect(walkback('status')).rejects.toThrow(/frozen .*by anna: lost orders/);

    await walkback('unfreeze');
    await again.says(/pruned 1 backup/);
    expect(await listBackups(store)).toHaveLength(1);
  });

  it('leaves backups to another agent that has the archive, and takes over when that ends', async () => {
    const first = start();
    await first.says(/this agent takes backups/);
    await using second = start({}, join(root, 'other spool'));
    await second.says(/the agent on .* takes backups, heals and prunes; this one pushes/);
    await first.says(/the agent on .* serves the same archive, and waits/);
    await first.end('SIGKILL');
    await second.says(/this agent takes backups/);
    await until(
      'nobody waits',
      async () => (await store.listFolder('walkback_001/agents/waiting/')).objects.length === 0,
    );
  });

  it('heals without the lease as soon as its server is a primary, and leaves it to the holder to say what is lost', async () => {
    const { dataDirectory: PGDATA, socketDirectory: PGHOST } = server;
    const environment = { WALKBACK_ARCHIVE: join(root, 'archive'), PGHOST, PGDATA };
    await using first = start();
    await first.says(/this agent takes backups/);
    await runProgram(process.execPath, [join(ROOT, 'src/main.ts'), 'backup', 'take'], environment);
    const [healed, lost] = [await writeSegment(), await writeSegment()];
    await writeSegment();
    await first.end();
    await store.delete([...(await keysOf(healed)), ...(await keysOf(lost))]);
    await rm(join(server.dataDirectory, 'pg_wal', lost));
    // A host that is gone: nobody sees its agent end.
    const holder = { id: 'gone', hostname: 'gone', processSpace: '', processId: 1, dataDirectory: '', startedAt: '' };
    await store.put(leaseKey(9_000_000n), formatTerm({ holder, isReleased: false }));

    await using second = start({}, join(root, 'other spool'));
    await second.says(/the agent on gone .* takes backups, heals and prunes; this one pushes/);
    await second.says(new RegExp(`healed: ${healed}`), 30_000);
    expect(second.lines.filter((line) => /lost:|this agent takes backups/.test(line))).toEqual([]);
  });

  it('beside a replica pushes and fetches only, until that is promoted', async () => {
    const primary = start({ WALKBACK_BACKUP_SCHEDULE: '0 3 * * *' });
    await primary.says(/backup base_\w+: /);
    await using replica = await replicate();
    await using follower = follow(replica);
    await follower.says(/the server is not a running primary/);
    await writeSegment();
    await primary.end();
    await server.stop('fast');

    await replica.sql('SELECT pg_promote()');
    await replica.sql('INSERT INTO t VALUES (2)');
    await replica.sql('CHECKPOINT');
    await follower.says(/this agent takes backups/);
    await replica.sql('SELECT pg_switch_wal()');
    await until('timeline 2 is archived', async () => (await keysOf('00000002')).length > 1);
    expect(follower.lines.filter((line) => /backup begun|lost:/.test(line))).toEqual([]);
  });

  it('of a replica that is promoted has the archive, though the agent of the primary that has died goes on beside it', async () => {
    await using primary = start({ WALKBACK_BACKUP_SCHEDULE: '0 3 * * *' });
    await primary.says(/backup base_\w+: /);
    await using replica = await replicate();
    await using follower = follow(replica);
    await follower.says(/the server is not a running primary/);
    // Its control file says that it is in production, for ever.
    await server.stop('immediate');
    await replica.sql('SELECT pg_promote()');
    await follower.says(/the agent on .* takes backups, heals and prunes; this one pushes/);
    await follower.says(/this agent takes backups/, 80_000);
    await primary.says(/the agent on .* takes backups, heals and prunes; this one pushes/);
  });
});
