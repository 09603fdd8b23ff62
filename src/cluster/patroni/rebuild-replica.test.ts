import { describe, expect, it } from 'vitest';

import { Failure } from '../../base/failure.ts';
import { parseDcsKeys } from './dcs-keys.ts';
import { parseReport } from './members.ts';
import { rebuildReplica, type Rebuild, type RebuildTimes } from './rebuild-replica.ts';
import type { MemberRest } from './rest-client.ts';

const [MEMBER] = parseDcsKeys({ members: [{ name: 'two', api_url: 'http://10.0.0.2:8008/patroni' }] }).members;

const PATIENT: RebuildTimes = { pollMs: 1, absentMs: 20, settleMs: 20, refusedMs: 200, rewindMs: 200, idleMs: 5 };

/** A member as Patroni shows it over time: each look takes the next state, and the last one stays. */
interface Script {
  readonly states: (string | undefined)[];
  /** Why it is not accepted, look by look. */
  readonly reasons: (string | undefined)[];
  readonly refusals?: number;
}

function next<T>(list: T[]): T | undefined {
  return list.length > 1 ? list.shift() : list[0];
}

function scripted(script: Script): { readonly rebuild: Rebuild; readonly asked: boolean[] } {
  const asked: boolean[] = [];
  let refusals = script.refusals ?? 0;
  const rest: Pick<MemberRest, 'status' | 'reinitialize'> = {
    status: async () => {
      const state = next(script.states);
      return state === undefined ? undefined : parseReport(JSON.stringify({ state, role: 'replica' }));
    },
    reinitialize: async (fromLeader) => {
      refusals -= 1;
      if (refusals >= 0) throw new Failure('failed', { message: 'Cluster has no leader', remedy: 'Wait.' });
      asked.push(fromLeader);
    },
  };
  const rebuild: Rebuild = {
    name: 'two',
    find: async () => MEMBER,
    restOf: () => rest as MemberRest,
    whyNotAccepted: async () => next(script.reasons),
    fromLeader: true,
    times: PATIENT,
  };
  return { rebuild, asked };
}

describe('a replica of a recovered leader', () => {
  it('that follows it already is left alone', async () => {
    const { rebuild, asked } = scripted({ states: ['running'], reasons: [undefined] });
    expect(await rebuildReplica(rebuild)).toBe('accepted');
    expect(asked).toEqual([]);
  });

  it('is copied from the leader, and waited for until it is proven, however long the copy takes', async () => {
    const states = ['running', ...Array.from({ length: 60 }, () => 'creating replica'), 'running'];
    const { rebuild, asked } = scripted({ states, reasons: ['timeline 1', 'starting', undefined] });
    expect(await rebuildReplica(rebuild)).toBe('rebuilt');
    expect(asked).toEqual([true]);
  });

  it('is not copied again while it is being copied: an interrupted run goes on', async () => {
    const { rebuild, asked } = scripted({ states: ['creating replica', 'running'], reasons: [undefined] });
    expect(await rebuildReplica(rebuild)).toBe('rebuilt');
    expect(asked).toEqual([]);
  });

  it('is asked again while its Patroni sees no leader', async () => {
    const { rebuild, asked } = scripted({ states: ['running'], reasons: ['no', undefined], refusals: 3 });
    expect(await rebuildReplica(rebuild)).toBe('rebuilt');
    expect(asked).toEqual([true]);
  });

  it('is left to Patroni while it is rewound', async () => {
    const states = [...Array.from({ length: 20 }, () => 'stopped'), 'running'];
    const { rebuild, asked } = scripted({ states, reasons: [undefined] });
    expect(await rebuildReplica(rebuild)).toBe('accepted');
    expect(asked).toEqual([]);
  });

  it('is asked for again where the copy was lost, and left empty by a paused Patroni', async () => {
    const empty = Array.from({ length: 40 }, () => 'stopped');
    const { rebuild, asked } = scripted({
      states: ['running', ...empty, 'creating replica', 'running'],
      reasons: ['timeline 1', ...Array.from({ length: 40 }, () => 'it does not answer'), undefined],
    });
    expect(await rebuildReplica({ ...rebuild, times: { ...PATIENT, settleMs: 2000 } })).toBe('rebuilt');
    expect(asked.length).toBeGreaterThan(1);
    expect(asked.length).toBeLessThanOrEqual(3);
  });

  it('that does not answer is absent', async () => {
    expect(await rebuildReplica(scripted({ states: [undefined], reasons: [] }).rebuild)).toBe('absent');
  });

  it('that runs and is not proven is no replica: the reason is told', async () => {
    const { rebuild } = scripted({ states: ['running'], reasons: ['two receives timeline 1'] });
    await expect(rebuildReplica(rebuild)).rejects.toMatchObject({
      kind: 'failed',
      message: 'cannot offer two as a replica of the recovered cluster: two receives timeline 1',
    });
  });
});
