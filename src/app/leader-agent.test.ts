import { describe, expect, it } from 'vitest';

import type { DcsMember } from '../cluster/patroni/dcs-keys.ts';
import { agentOfOtherLeader, controlAddressOf } from './leader-agent.ts';

function member(name: string, walkbackControl?: unknown): DcsMember {
  const where = { apiUrl: undefined, connUrl: undefined, timeline: 1, lsnBytes: 1n, version: '4.1.0' };
  const tags = walkbackControl === undefined ? {} : { walkback_control: walkbackControl };
  return { name, role: 'replica', state: 'running', isPaused: false, tags, ...where };
}

const [db1, db2] = [member('db1', 'https://db1:9633'), member('db2', 'https://db2.example.net:9633')];

const here = { name: 'db1', recovery: 'none' } as const;
const given = { canCall: true, cutsOver: true };

describe('the agent that a command of a member is handed on to', () => {
  it("is the leader's, where another one leads and has told where its agent is", () => {
    expect(agentOfOtherLeader({ leader: 'db2', members: [db1, db2] }, here, given)).toEqual({
      member: 'db2',
      url: new URL('https://db2.example.net:9633'),
    });
  });

  it('is none where this member leads, nobody does, or the recovery is half done here', () => {
    const members = [db1, db2];
    expect(agentOfOtherLeader({ leader: 'db1', members }, here, given)).toBeUndefined();
    expect(agentOfOtherLeader({ leader: undefined, members }, here, given)).toBeUndefined();
    const swapped = { name: 'db1', recovery: 'swapped' } as const;
    expect(agentOfOtherLeader({ leader: 'db2', members }, swapped, given)).toBeUndefined();
  });

  it('is none for what only looks, and a refusal that names the leader for a cutover, where it cannot be called', () => {
    const silent = [db1, { ...member('db2'), connUrl: 'postgres://10.0.0.2:5432/postgres' }];
    const cases = [
      [silent, here, true],
      [[db1, db2], here, false],
      [[db1, db2], { name: 'db1', recovery: 'notSwapped' }, true],
    ] as const;
    for (const [members, own, canCall] of cases) {
      const keys = { leader: 'db2', members };
      expect(agentOfOtherLeader(keys, own, { canCall, cutsOver: false })).toBeUndefined();
      expect(() => agentOfOtherLeader(keys, own, { canCall, cutsOver: true })).toThrow(
        expect.objectContaining({ kind: 'refused', remedy: expect.stringContaining('on the host of db2') }),
      );
    }
    expect(() => agentOfOtherLeader({ leader: 'db2', members: silent }, here, given)).toThrow(
      'db2 (10.0.0.2:5432) is the leader',
    );
  });

  it.each([
    'http://db2:9633',
    'http://127.0.0.1:9633',
    'https://db2:9633,https://evil:9633',
    'https://anna:secret@db2:9633',
    'https://db2:9633/path',
    '',
    true,
    9633,
  ])('is refused for the tag %j', (tag) => {
    expect(() => controlAddressOf(member('db2', tag))).toThrow(expect.objectContaining({ kind: 'refused' }));
  });
});
