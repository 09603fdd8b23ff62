import { describe, expect, it } from 'vitest';

import { AcceptanceMemory, BELIEVED_WITHOUT_LEADER_MS } from './acceptance-memory.ts';

const NO_LEADER = { accepted: undefined, why: 'nobody leads' } as const;

/** Of a member on a timeline. */
const on = (timeline: number, isPaused = false) => ({ timeline, isPaused });

describe('what is believed of a replica', () => {
  it('is the last proof, for a while, when nobody leads', () => {
    const memory = new AcceptanceMemory();
    expect(memory.take(NO_LEADER, on(1), 0)).toEqual({ accepted: false, why: 'nobody leads' });
    expect(memory.take({ accepted: true }, on(1), 1000)).toEqual({ accepted: true });
    expect(memory.take(NO_LEADER, on(1), 1000 + BELIEVED_WITHOUT_LEADER_MS - 1)).toEqual({ accepted: true });
    expect(memory.take(NO_LEADER, on(1), 1000 + BELIEVED_WITHOUT_LEADER_MS)).toEqual({
      accepted: false,
      why: 'nobody leads',
    });
  });

  it('is nothing while the cluster is paused: its leader may be on its way to another time', () => {
    const memory = new AcceptanceMemory();
    expect(memory.take({ accepted: true }, on(1, true), 0)).toEqual({ accepted: true });
    expect(memory.take(NO_LEADER, on(1, true), 1)).toEqual({ accepted: false, why: 'nobody leads' });
  });

  it('is nothing once it is on another timeline, was refused, or was no replica in between', () => {
    for (const spoil of [
      (memory: AcceptanceMemory) => memory.take(NO_LEADER, on(2), 2).accepted,
      (memory: AcceptanceMemory) => {
        memory.take({ accepted: false, why: 'behind' }, on(1), 1);
        return memory.take(NO_LEADER, on(1), 2).accepted;
      },
      (memory: AcceptanceMemory) => {
        memory.forget();
        return memory.take(NO_LEADER, on(1), 2).accepted;
      },
    ]) {
      const memory = new AcceptanceMemory();
      memory.take({ accepted: true }, on(1), 0);
      expect(spoil(memory)).toBe(false);
    }
  });
});
