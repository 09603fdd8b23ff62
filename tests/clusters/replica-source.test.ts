/**
 * Replicas of a cluster that was taken back, with the archive of before: which are made from it, which from the leader, and
 * which of them may be offered.
 */

import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';

import { openMemberSources } from '../../src/app/member-sources.ts';
import { takeBackup } from '../../src/backup/take.ts';
import { noProgress } from '../../src/base/progress.ts';
import { objectOr } from '../../src/cluster/patroni/dcs-keys.ts';
import { readiness, type Readiness } from '../../src/supervise/readiness.ts';
import { MemberWatch } from '../../src/supervise/watch-member.ts';
import { ARCHIVE_SCRIPT, quoted, settingText, until } from '../support/archived-cluster.ts';
import { archiveAll, startArchivingServer, type ArchivingServer } from '../support/backup-server.ts';
import { ensureWholePostgres } from '../support/patroni/install-postgres.ts';
import { startPatroniCluster, type PatroniTestCluster } from '../support/patroni/patroni-cluster.ts';
import type { PatroniMember } from '../support/patroni/patroni-member.ts';
import { runWalkback } from '../support/walkback-process.ts';

const MAJOR = 16;
/** What Spilo does: the newest backup, whatever line it is of. */
const NAIVE = `#!/bin/sh
for word; do case $word in --datadir=*) data=\${word#*=} ;; esac; done
exec walkback wal-g backup-fetch "$data" LATEST
`;

describe('replicas after a cluster was taken back', () => {
  let source: ArchivingServer;
  let cluster: PatroniTestCluster | undefined;
  let leader: PatroniMember;
  let naive: PatroniMember;
  let careful: PatroniMember;
  beforeAll(async () => {
    source = await startArchivingServer(MAJOR);
    await source.server.sql('create table rows as select 1 as number');
    await takeBackup({
      store: source.store,
      instance: source.source,
      dataDirectory: source.server.dataDirectory,
      compression: 'zstd',
      concurrency: 2,
      onProgress: noProgress,
    });
    await source.server.sql('insert into rows values (2)');
    const [target] = await source.server.sql<{ time: string }>(
      `select to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as time`,
    );
    await source.server.sql('select pg_sleep(0.1); insert into rows values (666)');
    await archiveAll(source.server);
    await source.server.stop();
    const script = join(source.scratch, 'naive');
    await writeFile(script, NAIVE, { mode: 0o755 });
    const bin = await ensureWholePostgres(MAJOR);
    const command = 'walkback replica create';
    cluster = await startPatroniCluster({
      members: 3,
      major: MAJOR,
      isLeftStopped: true,
      environment: { WALKBACK_ARCHIVE: `file://${source.archive}` },
      overrides: {
        bootstrap: {
          method: 'clone_with_wale',
          clone_with_wale: { command: `walkback bootstrap clone --bin ${bin ?? ''} --to-time ${target?.time ?? ''}` },
        },
        postgresql: {
          create_replica_methods: ['walkback', 'basebackup'],
          // What the new line writes is not in the archive before the test lets it be.
          parameters: { archive_command: 'false' },
          walkback: { command, no_leader: 1, threshold_megabytes: 1024, threshold_backup_size_percentage: 1000 },
          naive: { command: script, no_leader: 1 },
        },
      },
    });
    if (cluster === undefined) return;
    const [one, two, three] = cluster.members;
    if (one === undefined || two === undefined || three === undefined) throw new Error('there are three');
    [leader, naive, careful] = [one, two, three];
    await useMethods(naive, ['naive']);
    leader.start();
    await cluster.leader(180_000);
  });
  afterAll(async () => {
    await cluster?.[Symbol.asyncDispose]();
    await source[Symbol.asyncDispose]();
  });

  async function useMethods(member: PatroniMember, methods: readonly string[]): Promise<void> {
    const configuration = parse(await readFile(member.configFile, 'utf8'));
    configuration.postgresql.create_replica_methods = methods;
    await writeFile(member.configFile, stringify(configuration));
  }

  /** What a probe of this member would say, once `settled` holds; it is looked at as the supervisor does. */
  async function readinessOf(member: PatroniMember, settled: (now: Readiness) => boolean): Promise<Readiness> {
    await using sources = openMemberSources({
      name: member.name,
      configuration: objectOr(parse(await readFile(member.configFile, 'utf8'))),
      restPort: Number(new URL(member.restUrl).port),
      postgresPort: member.postgresPort,
      socketDirectory: member.socketDirectory,
    });
    const watch = new MemberWatch(sources);
    const stop = new AbortController();
    let now: Readiness = { isReady: false, phase: 'preparing', why: '' };
    const watching = watch.run(stop.signal, () => {
      now = readiness({
        stage: 'running',
        preparing: undefined,
        held: undefined,
        isPatroniRunning: true,
        patroniEndsInARow: 0,
        member: watch.member,
        acceptance: watch.acceptance,
        work: undefined,
      });
    });
    await until(`${member.name} is settled`, async () => settled(now), 60_000).catch((error: unknown) => {
      throw new Error(`${String(error)}: ${JSON.stringify(now)}`, { cause: error });
    });
    stop.abort();
    await watching;
    return now;
  }

  const rowsOf = async (member: PatroniMember) =>
    (await member.sql<{ number: number }>('select number from rows order by 1')).map(({ number }) => number);

  it('have a leader with exactly the rows of the target, which is ready', async ({ skip }) => {
    if (cluster === undefined) return skip();
    expect(await rowsOf(leader)).toEqual([1, 2]);
    expect(await readinessOf(leader, ({ isReady }) => isReady)).toEqual({ isReady: true, role: 'leader' });
  });

  it('serve the removed rows when they are made of the newest backup, are called running by Patroni, and are never ready', async ({
    skip,
  }) => {
    if (cluster === undefined) return skip();
    naive.start();
    await until(
      'it shows the removed row',
      async () => (await rowsOf(naive).catch((): number[] => [])).includes(666),
      120_000,
    );
    await until('Patroni calls it a running replica', async () => {
      const status = await naive.status();
      return (
        status?.state === 'running' && status.role === 'replica' && (await naive.request('/replica')).status === 200
      );
    });
    const found = await readinessOf(
      naive,
      (now) => !now.isReady && now.phase === 'not accepted' && /stream|timeline/.test(now.why),
    );
    expect(found).toMatchObject({ isReady: false, phase: 'not accepted' });
    await naive.kill();
    await rm(naive.dataDirectory, { recursive: true, force: true });
  });

  it('are copied from the leader while its line is not in the archive yet, and then are ready', async ({ skip }) => {
    if (cluster === undefined) return skip();
    careful.start();
    await until('it streams', async () => (await rowsOf(careful).catch((): number[] => [])).length > 0, 120_000);
    expect(await careful.log()).toMatch(/cannot make this replica from the archive: .*/);
    expect(await careful.log()).toMatch(/replica has been created using basebackup/);
    expect(await rowsOf(careful)).toEqual([1, 2]);
    expect(await readinessOf(careful, ({ isReady }) => isReady)).toEqual({ isReady: true, role: 'replica' });
  });

  it('are made from the archive once it has a backup of the new line, and are ready', async ({ skip }) => {
    if (cluster === undefined) return skip();
    const command = `${quoted(ARCHIVE_SCRIPT)} ${quoted(leader.spool)} "%p"`;
    await leader.sql(`alter system set archive_command = ${settingText(command)}`);
    await leader.sql('select pg_reload_conf()');
    const { code, err } = await runWalkback(
      ['backup', 'take', '--data-directory', leader.dataDirectory],
      leader.environment,
    );
    expect(code, err).toBe(0);
    await leader.sql('insert into rows values (3)');
    await useMethods(naive, ['walkback']);
    naive.start();
    await until('it has the new row', async () => (await rowsOf(naive).catch((): number[] => [])).includes(3), 120_000);
    expect(await naive.log()).toMatch(/replica has been created using walkback/);
    expect(await rowsOf(naive)).toEqual([1, 2, 3]);
    expect(await readinessOf(naive, ({ isReady }) => isReady)).toEqual({ isReady: true, role: 'replica' });
  });
});
