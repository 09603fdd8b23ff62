import { describe, expect, it } from 'vitest';

import { parseDcsKeys, parseObject } from './dcs-keys.ts';

const EMPTY = { initialize: null, config: null, leader: null, status: {}, members: [], failover: null, sync: null };

describe('the keys of a scope', () => {
  it('are empty before a bootstrap', () => {
    expect(parseDcsKeys(EMPTY)).toEqual({
      initialize: undefined,
      config: undefined,
      leader: undefined,
      status: { optimeBytes: 0n, slots: [], retainedSlots: [] },
      members: [],
      failover: undefined,
      sync: undefined,
      history: [],
    });
  });

  it('tell a bootstrap under way (an empty initialize) from none', () => {
    expect(parseDcsKeys({ ...EMPTY, initialize: '' }).initialize).toBe('');
  });

  it('tell who is paused, and positions as whole numbers of bytes', () => {
    const keys = parseDcsKeys({
      ...EMPTY,
      leader: 'one',
      status: { optime: 67_108_864, slots: { two: 67_108_864 } },
      members: [
        { name: 'one', role: 'master', state: 'running', timeline: 3, xlog_location: 67_108_864, pause: true },
        { name: 'two', role: 'replica', state: 'streaming', api_url: 'http://10.0.0.2:8008/patroni', tags: {} },
        'nonsense',
      ],
      failover: { leader: 'one', candidate: null, scheduled_at: '2026-06-05T15:02:11+00:00' },
      sync: { leader: 'one', sync_standby: ['two'] },
    });
    expect(keys.status).toEqual({ optimeBytes: 67_108_864n, slots: ['two'], retainedSlots: [] });
    expect(keys.members.map(({ name, isPaused, timeline }) => [name, isPaused, timeline])).toEqual([
      ['one', true, 3],
      ['two', false, undefined],
    ]);
    expect(keys.failover?.scheduledAt).toBe('2026-06-05T15:02:11+00:00');
    expect(keys.sync).toEqual({ leader: 'one', standbys: ['two'] });
  });
});

describe('an answer that is no JSON object', () => {
  it('is refused, and quoted', () => {
    expect(() => parseObject('Traceback')).toThrow(
      expect.objectContaining({ kind: 'corrupt', message: expect.stringContaining('"Traceback"') }),
    );
  });
});
