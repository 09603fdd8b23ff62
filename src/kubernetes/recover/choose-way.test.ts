import { describe, expect, it } from 'vitest';

import { chooseWay, type WayFacts } from './choose-way.ts';
import { rightsOf } from './rights.ts';
import { RECOVERY_WAYS, type RecoveryWay } from '../find/rights.ts';

const NOBODY = { patroni: null, workloads: [] };
const NOTHING_MISSING = Object.fromEntries(RECOVERY_WAYS.map((way) => [way, []])) as unknown as WayFacts['missing'];

const OPEN: WayFacts = {
  missing: NOTHING_MISSING,
  claimProblem: undefined,
  accessModes: ['ReadWriteOnce'],
  leaderOrdinal: 0,
  freeBytes: 100n,
  neededBytes: 50n,
  hasUnsureOthers: false,
  walkbackProblem: undefined,
  placeProblem: undefined,
  cloneProblem: undefined,
};

function without(way: RecoveryWay): WayFacts['missing'] {
  return { ...NOTHING_MISSING, [way]: rightsOf(way, NOBODY).filter(({ isClusterWide }) => isClusterWide === true) };
}

describe('the way of a recovery', () => {
  it('is to bind volumes anew where that may be done', () => {
    expect(chooseWay(OPEN)).toMatchObject({ way: 'rebind', passedOver: [] });
  });

  it('removes no volume of others while nobody says that they are copies', () => {
    const facts = { ...OPEN, missing: without('rebind'), hasUnsureOthers: true };
    expect(chooseWay(facts)).toMatchObject({ way: 'recreate' });
    expect(() => chooseWay(facts, 'in-volume')).toThrow('the way in-volume is not open');
  });

  it('is a rename in the live volume for who has no right on volumes, and the right that is missing is named', () => {
    const chosen = chooseWay({ ...OPEN, missing: without('rebind') });
    expect(chosen.way).toBe('in-volume');
    expect(chosen.passedOver).toEqual([
      { way: 'rebind', problem: 'this user may not get persistentvolumes, patch persistentvolumes' },
    ]);
  });

  it('is to make the StatefulSet anew where the live volume has no room for two', () => {
    const chosen = chooseWay({ ...OPEN, missing: without('rebind'), freeBytes: 49n });
    expect(chosen.way).toBe('recreate');
    expect(chosen.passedOver.at(-1)?.problem).toBe('its volume has 49 bytes free, and 50 are needed');
  });

  it('is not a rename where no second pod may mount the claim, nor where another pod leads', () => {
    const missing = without('rebind');
    expect(chooseWay({ ...OPEN, missing, accessModes: ['ReadWriteOncePod'] }).way).toBe('recreate');
    const none = { ...missing, clone: without('clone').clone };
    expect(() => chooseWay({ ...OPEN, missing: none, leaderOrdinal: 1 })).toThrow(/no way is open/);
  });

  it('is the one that was asked for, or none', () => {
    expect(chooseWay(OPEN, 'recreate').way).toBe('recreate');
    expect(() => chooseWay({ ...OPEN, claimProblem: 'exceeded quota' }, 'rebind')).toThrow(
      /the way rebind is not open/,
    );
  });

  it("is the image's own restore only where no other is open", () => {
    expect(chooseWay({ ...OPEN, walkbackProblem: 'its image has no walkback' })).toMatchObject({
      way: 'clone',
      passedOver: [
        { way: 'rebind', problem: 'its image has no walkback' },
        { way: 'in-volume', problem: 'its image has no walkback' },
        { way: 'recreate', problem: 'its image has no walkback' },
      ],
    });
    expect(chooseWay(OPEN, 'clone')).toMatchObject({ way: 'clone', because: 'it was asked for' });
    expect(() => chooseWay({ ...OPEN, cloneProblem: 'Patroni does not run it' }, 'clone')).toThrow(
      /the way clone is not open/,
    );
  });

  it('is none that makes a pod of ours where nothing can be put beside the data', () => {
    const facts = { ...OPEN, placeProblem: 'its data directory /data is the top of its volume' };
    expect(chooseWay(facts)).toMatchObject({
      way: 'clone',
      passedOver: [
        { way: 'rebind', problem: facts.placeProblem },
        { way: 'in-volume', problem: facts.placeProblem },
        { way: 'recreate', problem: facts.placeProblem },
      ],
    });
  });

  it('is none where no second claim fits and the live volume is full', () => {
    const full = { claimProblem: 'exceeded quota', cloneProblem: 'exceeded quota', freeBytes: 0n };
    expect(() => chooseWay({ ...OPEN, ...full })).toThrow(/no way is open/);
  });
});
