import { describe, expect, it } from 'vitest';

import { parseDcsKeys } from './dcs-keys.ts';
import { surveyOf } from './survey.ts';

const MEMBERS = [
  { name: 'one', role: 'master', state: 'running', timeline: 3, xlog_location: 1000, version: '3.0.2' },
  {
    name: 'two',
    role: 'replica',
    state: 'streaming',
    timeline: 3,
    xlog_location: 900,
    conn_url: 'postgres://10.0.0.2:5433/postgres',
    tags: { clonefrom: true, nofailover: false, replicatefrom: 'one' },
  },
];

function survey(config: Record<string, unknown>, changes: Record<string, unknown> = {}) {
  const keys = parseDcsKeys({ config, leader: 'one', status: {}, members: MEMBERS, ...changes });
  const commands = { stop: 'stop it', start: 'start it' };
  return surveyOf(keys, { scope: 'shop', memberName: 'one', commands, reachable: new Set(['one']) });
}

describe('the survey of a cluster', () => {
  it('calls a master and a primary the leader, and says how far each replica is behind it', () => {
    expect(survey({}).members).toMatchObject([
      { name: 'one', role: 'leader', lagBytes: null, isReachable: true },
      { name: 'two', role: 'replica', lagBytes: '100', address: '10.0.0.2:5433', isReachable: false },
    ]);
  });

  it('knows a member that has died by the slot that is kept for it', () => {
    const status = { retain_slots: ['one', 'two', 'member_3', 'cdc'] };
    const found = survey({ slots: { cdc: { type: 'logical' } } }, { status });
    expect(found.members.map(({ name, state, isReachable }) => [name, state, isReachable]).slice(2)).toEqual([
      ['member_3', 'away', false],
    ]);
  });

  it('names the tags that say something', () => {
    expect(survey({}).members[1]?.tags).toEqual(['clonefrom', 'replicatefrom: one']);
  });

  it('leaves the leader of a standby cluster what it is', () => {
    const members = [{ ...MEMBERS[0], role: 'standby_leader' }];
    const found = survey({ standby_cluster: { host: '10.0.0.9' } }, { members });
    expect(found.members[0]?.role).toBe('standby_leader');
    expect(found.isStandbyCluster).toBe(true);
  });

  it.each([
    [{}, 'off'],
    [{ synchronous_mode: true }, 'on'],
    [{ synchronous_mode: 'on', synchronous_mode_strict: true }, 'strict'],
    [{ synchronous_mode: 'quorum' }, 'quorum'],
    [{ synchronous_mode: 'quorum', synchronous_mode_strict: true }, 'quorum, strict'],
    [{ synchronous_mode: false, synchronous_mode_strict: true }, 'off'],
  ])('of the configuration %j has the synchronous mode %s', (config, mode) => {
    expect(survey(config).synchronousMode).toBe(mode);
  });

  it('has Patroni’s defaults for what is not configured, and names parameters without their values', () => {
    const found = survey({ postgresql: { parameters: { max_connections: 100, archive_command: 'a secret' } } });
    expect(found).toMatchObject({ ttlSeconds: 30, loopWaitSeconds: 10, isPaused: false });
    expect(found.parameters).toEqual(['archive_command', 'max_connections']);
    expect(JSON.stringify(found)).not.toContain('a secret');
  });
});
