import { describe, expect, it } from 'vitest';

import { RECOVERY_STATES, transition, TRANSITIONS, type RecoveryEvent } from './states.ts';

const EVENTS: readonly RecoveryEvent[] = ['rehearse', 'step', 'check', 'cutOver', 'undo', 'discard', 'release'];

describe('the table of states', () => {
  it('refuses with something to type, naming the recovery', () => {
    const refused = RECOVERY_STATES.flatMap((state) =>
      EVENTS.filter((event) => 'refused' in TRANSITIONS[state][event]).map((event) => ({ state, event })),
    );
    expect(refused.length).toBeGreaterThan(30);
    for (const { state, event } of refused) {
      expect(() => transition('7f3a', state, event)).toThrow(
        expect.objectContaining({
          kind: 'refused',
          message: expect.stringContaining('7f3a'),
          remedy: expect.stringContaining('walkback '),
        }),
      );
    }
  });

  it('lets work that was interrupted be asked for again by the same event', () => {
    expect(TRANSITIONS.rehearsing.rehearse).toEqual({ during: 'rehearsing', after: 'standing' });
    expect(TRANSITIONS.cuttingOver.cutOver).toEqual({ during: 'cuttingOver', after: 'recovered' });
    expect(TRANSITIONS.undoing.undo).toEqual({ during: 'undoing', after: 'undone' });
  });

  it('gives up what is kept before any of it is removed: a release that was broken off is only ever finished', () => {
    for (const state of ['recovered', 'undone', 'released'] as const)
      expect(TRANSITIONS[state].release).toEqual({ during: 'released', after: 'released' });
    expect(EVENTS.filter((event) => 'during' in TRANSITIONS.released[event])).toEqual(['release']);
  });

  it('never leads out of a state that has data to lose but by undo, release, or finishing', () => {
    const ways = EVENTS.filter((event) => 'during' in TRANSITIONS.recovered[event]);
    expect(ways).toEqual(['undo', 'release']);
    expect(EVENTS.filter((event) => 'during' in TRANSITIONS.cuttingOver[event])).toEqual(['cutOver', 'undo']);
    expect(EVENTS.filter((event) => 'during' in TRANSITIONS.undoing[event])).toEqual(['cutOver', 'undo']);
  });
});
