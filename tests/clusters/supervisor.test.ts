/**
 * The supervisor of a container as a plain process, with a real Patroni, etcd and agent.
 */

import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { readControlFile } from '../../src/archive/server.ts';
import { until } from '../support/archived-cluster.ts';
import { runProgram } from '../support/postgres.ts';
import { startPatroniCluster, type PatroniTestCluster } from '../support/patroni/patroni-cluster.ts';
import { hasEnded } from '../support/patroni/processes.ts';
import { SupervisedMember } from '../support/patroni/supervised-member.ts';

const SLOWLY_MS = 240_000;

describe('the containers of a cluster', { timeout: 900_000 }, () => {
  it('keep readers from a replica while a recovery may be on its way, in Patroni’s own answers too', async ({
    skip,
  }) => {
    await using cluster = await startPatroniCluster({ members: 2, isLeftStopped: true });
    const [first, second] = cluster?.members ?? [];
    if (cluster === undefined || first === undefined || second === undefined) return skip();
    const [leader, replica] = [await SupervisedMember.of(cluster, first), await SupervisedMember.of(cluster, second)];
    leader.start();
    await leader.untilReady(SLOWLY_MS);
    replica.start();
    expect(await replica.untilReady(SLOWLY_MS)).toMatchObject({ body: { ready: true, role: 'replica' } });
    const codeOf = async (path: string) => (await replica.member.request(path)).status;
    await expect.poll(() => codeOf('/replica'), { timeout: 60_000 }).toBe(200);

    // As a cutover does: paused, then the leader's server is stopped.
    await leader.member.request('/config', { method: 'PATCH', body: '{"pause":true}' });
    await until('both know', async () => (await replica.member.status())?.pause === true, SLOWLY_MS);
    await runProgram(join(leader.member.bin, 'pg_ctl'), [
      '-D',
      leader.member.dataDirectory,
      '-m',
      'fast',
      '-w',
      'stop',
    ]);
    await expect
      .poll(() => replica.probe('/readiness'), { timeout: 60_000 })
      .toMatchObject({ code: 503, body: { phase: 'not accepted' } });
    await expect.poll(() => codeOf('/replica'), { timeout: 60_000 }).toBe(503);
    expect(await codeOf('/read-only')).toBe(503);
    // The server itself runs on.
    expect(await replica.member.sql('SELECT 1 AS one')).toEqual([{ one: 1 }]);

    await leader.member.request('/restart', { method: 'POST', body: '{}' });
    await leader.member.request('/config', { method: 'PATCH', body: '{"pause":null}' });
    await replica.untilReady(SLOWLY_MS);
    await expect.poll(() => codeOf('/replica'), { timeout: 60_000 }).toBe(200);
    for (const member of [replica, leader]) await member.end('SIGTERM');
  });
});

describe('a container', () => {
  let cluster: PatroniTestCluster | undefined;
  let one: SupervisedMember;
  beforeAll(async () => {
    cluster = await startPatroniCluster({ members: 1, isLeftStopped: true });
    const [member] = cluster?.members ?? [];
    if (cluster !== undefined && member !== undefined) one = await SupervisedMember.of(cluster, member);
  });
  afterAll(async () => cluster?.[Symbol.asyncDispose]());

  it('is alive and not ready while it starts, and ready once its member leads', async ({ skip }) => {
    if (cluster === undefined) return skip();
    one.start();
    await until('it answers', async () => (await one.probe('/liveness'))?.code === 200, 60_000);
    expect(await one.probe('/readiness')).toMatchObject({ code: 503, body: { ready: false } });
    expect(await one.untilReady()).toMatchObject({ code: 200, body: { ready: true, role: 'leader' } });
    expect(await one.probe('/startup')).toMatchObject({ code: 200 });
  });

  it('gives its children nothing of its own environment, and its files to nobody else', async ({ skip }) => {
    if (cluster === undefined) return skip();
    for (const name of ['patroni', 'agent'] as const) {
      const environment = await readFile(`/proc/${await one.kept(name)}/environ`, 'utf8');
      expect(environment).not.toContain('hunter2');
      expect(environment).not.toContain('of the superuser');
    }
  });

  it('makes the roles that the environment names', async ({ skip }) => {
    if (cluster === undefined) return skip();
    await expect
      .poll(
        () =>
          one.member.sql("select rolname, rolcanlogin from pg_roles where rolname in ('admin', 'people') order by 1"),
        {
          timeout: 60_000,
        },
      )
      .toEqual([
        { rolname: 'admin', rolcanlogin: true },
        { rolname: 'people', rolcanlogin: false },
      ]);
  });

  it('shows the agent’s metrics behind its own', async ({ skip }) => {
    if (cluster === undefined) return skip();
    const text = async () => String((await one.probe('/metrics'))?.body['text']);
    await expect
      .poll(text, { timeout: 60_000 })
      .toMatch(/walkback_member_ready 1[\s\S]*walkback_build_info|walkback_member_ready 1[\s\S]*walkback_agent/);
  });

  it('starts a killed Patroni again, which takes over the server that ran on', async ({ skip }) => {
    if (cluster === undefined) return skip();
    const postmaster = await one.member.postmasterPid();
    const patroni = await one.kill('patroni');
    await until('another Patroni runs', async () => ![0, patroni].includes(await one.kept('patroni')), 60_000);
    await one.untilReady();
    expect(await one.member.postmasterPid()).toBe(postmaster);
  });

  it('starts a killed agent again', async ({ skip }) => {
    if (cluster === undefined) return skip();
    const agent = await one.kill('agent');
    await until('another agent runs', async () => ![0, agent].includes(await one.kept('agent')), 60_000);
  });

  it('stops Patroni while it is held back, and is alive all the while', async ({ skip }) => {
    if (cluster === undefined) return skip();
    const folder = `${one.member.dataDirectory}.walkback`;
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'patroni-held'), '');
    await until('Patroni is stopped', async () => (await one.kept('patroni')) === 0, 60_000);
    await expect
      .poll(() => one.probe('/readiness'), { timeout: 20_000 })
      .toMatchObject({ code: 503, body: { phase: 'held' } });
    expect((await one.probe('/liveness'))?.code).toBe(200);
    await rm(join(folder, 'patroni-held'));
    await one.untilReady();
  });

  it('goes on from where a killed supervisor left: no second Patroni, the server unharmed', async ({ skip }) => {
    if (cluster === undefined) return skip();
    const [postmaster, patroni, agent] = [
      await one.member.postmasterPid(),
      await one.kept('patroni'),
      await one.kept('agent'),
    ];
    await one.end('SIGKILL');
    expect(await hasEnded(patroni)).toBe(false);
    one.start();
    await one.untilReady();
    expect([await hasEnded(patroni), await hasEnded(agent)]).toEqual([true, true]);
    expect(await one.member.postmasterPid()).toBe(postmaster);
  });

  it('ends in order: Patroni and PostgreSQL, then the agent, with the last WAL in the archive', async ({ skip }) => {
    if (cluster === undefined) return skip();
    await one.member.sql('create table last_words as select 1 as word');
    const [row] = await one.member.sql<{ name: string }>('select pg_walfile_name(pg_current_wal_lsn()) as name');
    const before = (await one.log()).length;
    expect(await one.end('SIGTERM')).toBe(0);
    const said = (await one.log()).slice(before);
    const order = [
      'Patroni is asked to stop',
      'Patroni stopped',
      'the agent is asked to stop',
      'everything is stopped',
    ];
    expect(
      order.map((line) => said.indexOf(line)).every((at, index, all) => at >= 0 && at > (all[index - 1] ?? -1)),
      said,
    ).toBe(true);
    expect((await readControlFile(one.member.dataDirectory)).state).toBe('shut down');
    const archived = await readdir(join(cluster.archive, 'wal_005'));
    expect(archived.some((name) => name.startsWith(row?.name ?? '?'))).toBe(true);
  });

  it('starts its cluster while the archive is away, and pushes when it is back', async ({ skip }) => {
    if (cluster === undefined) return skip();
    const { archive } = cluster;
    await one.end('SIGTERM');
    const before = (await one.log()).length;
    await rename(archive, `${archive}.away`);
    let name = '?';
    try {
      one.start();
      expect(await one.untilReady()).toMatchObject({ body: { role: 'leader' } });
      expect((await one.log()).slice(before)).toContain('is started all the same');
      await one.member.sql('create table while_it_is_away as select 1 as word');
      const [row] = await one.member.sql<{ name: string }>('select pg_walfile_name(pg_switch_wal()) as name');
      name = row?.name ?? name;
    } finally {
      await rename(`${archive}.away`, archive);
    }
    const isThere = async () => (await readdir(join(archive, 'wal_005'))).some((found) => found.startsWith(name));
    await until('its WAL is archived', isThere, SLOWLY_MS);
    await one.end('SIGTERM');
  });

  it('shuts down the server that a paused Patroni has left running', async ({ skip }) => {
    if (cluster === undefined) return skip();
    one.start();
    await one.untilReady();
    const before = (await one.log()).length;
    await one.member.request('/config', { method: 'PATCH', body: '{"pause":true}' });
    // Its API knows earlier than the loop that stops PostgreSQL, or not.
    const hasSaid = async () => (await one.log()).slice(before).includes('PAUSE: no action');
    await until('Patroni is paused', hasSaid, 60_000);
    expect(await one.end('SIGTERM')).toBe(0);
    expect(await one.log()).toMatch(/PostgreSQL runs without Patroni/);
    expect((await readControlFile(one.member.dataDirectory)).state).toBe('shut down');
  });
});
