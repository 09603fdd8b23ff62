import { describe, expect, it } from 'vitest';

import { isLeaderRole, parseMembers, parseReport } from './members.ts';

describe('the report of a member', () => {
  // As Patroni 3.0.2 and 4.1.5 answered on a leader and on a replica, shortened.
  it.each([
    [
      '3.0',
      '{"state": "running", "role": "master", "timeline": 1, "patroni": {"version": "3.0.2", "scope": "shop"}}',
      'master',
    ],
    [
      '4.1',
      '{"state": "running", "role": "primary", "timeline": 1, "patroni": {"version": "4.1.5", "scope": "shop", "name": "a"}}',
      'primary',
    ],
  ])('of Patroni %s says which timeline its leader is on', (_, text, role) => {
    const report = parseReport(text);
    expect(report).toMatchObject({
      state: 'running',
      role,
      timeline: 1,
      scope: 'shop',
      isPaused: false,
      isUnlocked: false,
    });
    expect(isLeaderRole(report?.role ?? '')).toBe(true);
  });

  it('tells a pause, the absence of a leader, and how a replica gets its WAL', () => {
    const text =
      '{"state":"running","role":"replica","timeline":2,"replication_state":"in archive recovery","cluster_unlocked":true,"pause":true}';
    expect(parseReport(text)).toMatchObject({
      isPaused: true,
      isUnlocked: true,
      replicationState: 'in archive recovery',
    });
    expect(isLeaderRole('replica')).toBe(false);
    expect(isLeaderRole('standby_leader')).toBe(false);
  });

  it.each(['<html>', '[]', '{"role": "primary"}', ''])('is none for %j, which something else has answered', (text) => {
    expect(parseReport(text)).toBeUndefined();
  });
});

describe('the list of members', () => {
  it('has their names, addresses and timelines, whatever else is said of them', () => {
    const text = `{"members": [
      {"name": "a", "role": "leader", "state": "running", "api_url": "http://10.0.0.1:8008/patroni", "host": "10.0.0.1", "port": 5432, "timeline": 3},
      {"name": "b", "role": "replica", "state": "start failed", "lag": "unknown"}, {"role": "replica"}], "pause": true, "scope": "shop"}`;
    expect(parseMembers(text)).toEqual([
      {
        name: 'a',
        role: 'leader',
        state: 'running',
        apiUrl: 'http://10.0.0.1:8008/patroni',
        host: '10.0.0.1',
        port: 5432,
        timeline: 3,
      },
      {
        name: 'b',
        role: 'replica',
        state: 'start failed',
        apiUrl: undefined,
        host: undefined,
        port: undefined,
        timeline: undefined,
      },
    ]);
  });

  it('is refused where there is none', () => {
    expect(() => parseMembers('{"state": "running"}')).toThrow(expect.objectContaining({ kind: 'corrupt' }));
  });
});
