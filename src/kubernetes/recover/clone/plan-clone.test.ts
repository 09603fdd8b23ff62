import { describe, expect, it } from 'vitest';

import { lsn } from '../../../postgres/lsn.ts';
import type { PlanFacts } from '../../../recovery/facts.ts';
import type { PlannedTarget } from '../../../recovery/plan-value.ts';
import { checkSameMoment, cloneTimeUs, targetTimeText } from './plan-clone.ts';

const end = {
  xid: 701,
  kind: 'commit',
  timeUs: 1_780_671_731_620_113n,
  lsn: lsn(0x5100000n),
  endLsn: lsn(0x5100040n),
  timeline: 1,
} as const;
const kept = { ...end, xid: 700, lsn: lsn(0x5000000n) };

const target: PlannedTarget = {
  asked: 'just before transaction 701',
  timeline: 1,
  lsn: '0/5100000',
  inclusive: false,
  lastKept: { xid: 700, kind: 'commit', timeUs: '1780671731600000', lsn: '0/5000000' },
  firstLost: { xid: 701, kind: 'commit', timeUs: '1780671731620113', lsn: '0/5100000' },
};

function found(changes: object): Pick<PlanFacts, 'found'> {
  return {
    found: { timeline: 1, lastKept: kept, firstLost: end, unfinishedFileChanges: [], ...changes },
  } as unknown as Pick<PlanFacts, 'found'>;
}

describe('the time that an image is told', () => {
  it('is the last one at which the first lost transaction had not been committed, in digits that all read alike', () => {
    expect(targetTimeText(cloneTimeUs(target.firstLost))).toBe('2026-06-05 15:02:11.620112+00:00');
  });

  it('cannot be told where nothing follows', () => {
    expect(() => cloneTimeUs(null)).toThrow(/dropped by the image/);
  });

  it('means the moment of the plan, or the plan is refused', () => {
    expect(() => checkSameMoment({ target }, found({}))).not.toThrow();
    expect(() => checkSameMoment({ target }, found({ lastKept: { ...kept, lsn: lsn(0x4000000n) } }))).toThrow(
      /no time/,
    );
    expect(() => checkSameMoment({ target }, found({ firstLost: undefined }))).toThrow(/no time/);
    expect(() => checkSameMoment({ target }, found({ unfinishedFileChanges: [{}] }))).toThrow(/no time/);
  });
});
