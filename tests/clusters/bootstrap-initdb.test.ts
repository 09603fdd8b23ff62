/**
 * A brand-new cluster under a real Patroni whose `initdb` is killed, with everything else.
 */

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { describe, expect, it } from 'vitest';

import { until } from '../support/archived-cluster.ts';
import { startPatroniCluster } from '../support/patroni/patroni-cluster.ts';
import type { PatroniMember } from '../support/patroni/patroni-member.ts';
import { endAllOf } from '../support/patroni/processes.ts';
import { walkbackOn } from '../support/patroni/recoverable-member.ts';

const namesIn = (folder: string) => readdir(folder).catch((): string[] => []);

async function untilInitdb(member: PatroniMember): Promise<void> {
  const has = async () => (await namesIn(join(member.dataDirectory, 'base'))).length > 0;
  await until('initdb is at work', has, 120_000, 5);
}

describe('a brand-new cluster', { timeout: 900_000 }, () => {
  it('is begun anew when its initdb is killed, and left alone once its server has run', async ({ skip }) => {
    await using cluster = await startPatroniCluster({ members: 1, isLeftStopped: true });
    const [member] = cluster?.members ?? [];
    if (cluster === undefined || member === undefined) return skip();
    const resume = async (): Promise<string> => {
      const args = [
        'bootstrap',
        'resume',
        '--patroni-config',
        member.configFile,
        '--watch',
        '1s',
        '--patroni-python',
        cluster.programs.python,
      ];
      const { code, out, err } = await walkbackOn(cluster, member, args);
      expect(code, err).toBe(0);
      return out;
    };
    for (const ms of [0, 80, 200]) {
      member.start();
      await untilInitdb(member);
      await sleep(ms);
      await endAllOf(member.root);
      expect(await namesIn(member.dataDirectory)).not.toContain('postmaster.opts');
      expect(await resume()).toMatch(/killed initdb has left is set aside in .*; the initialize key .* is taken away/);
      expect(await namesIn(member.root)).not.toContain('data');
    }
    member.start();
    const leader = await cluster.leader();
    await until('the role of replicas is there', async () => {
      const found = await leader.sql("SELECT 1 AS one FROM pg_roles WHERE rolname = 'replicator'").catch(() => []);
      return found.length === 1;
    });
    // Patroni may start its server once more.
    const answers = (text: string) =>
      until('it answers', async () => (await leader.sql(text).catch(() => undefined)) !== undefined, 120_000);
    await answers('CREATE TABLE IF NOT EXISTS kept AS SELECT 7 AS i');

    await endAllOf(member.root);
    const before = await namesIn(member.dataDirectory);
    expect(await resume()).toMatch(/nothing to go on with/);
    expect(await namesIn(member.dataDirectory)).toEqual(before);
    member.start();
    await cluster.leader();
    await answers('SELECT i FROM kept');
    expect(await leader.sql('SELECT i FROM kept')).toEqual([{ i: 7 }]);
  });

  it('is left to Patroni when it is killed after its server has started, and comes up', async ({ skip }) => {
    await using cluster = await startPatroniCluster({ members: 1, isLeftStopped: true });
    const [member] = cluster?.members ?? [];
    if (cluster === undefined || member === undefined) return skip();
    member.start();
    const hasStarted = async () => (await namesIn(member.dataDirectory)).includes('postmaster.opts');
    await until('its server has started', hasStarted, 120_000, 5);
    await endAllOf(member.root);
    const args = ['bootstrap', 'resume', '--patroni-config', member.configFile, '--watch', '1s'];
    const { out } = await walkbackOn(cluster, member, [...args, '--patroni-python', cluster.programs.python]);
    expect(out).toMatch(/nothing to go on with: /);
    expect(await namesIn(member.dataDirectory)).toContain('postmaster.opts');
    member.start();
    await until(
      'it leads',
      async () => (await member.sql('SELECT 1 WHERE NOT pg_is_in_recovery()').catch(() => [])).length === 1,
      180_000,
    ).catch(async (error: unknown) => {
      throw new Error(`${String(error)}\n${await cluster.logTails(60)}`, { cause: error });
    });
    expect(await cluster.leader()).toBe(member);
  });
});
