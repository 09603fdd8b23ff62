import { describe, expect, it } from 'vitest';

import { ProgressRate } from './progress-rate.ts';

const bytes = (done: number, phase = 'fetch', total = 1000) => ({ phase, done, total, unit: 'bytes' as const });

describe('ProgressRate', () => {
  it('says nothing of a rate within the first second', () => {
    const rate = new ProgressRate();
    rate.take(bytes(0), 0);
    expect(rate.take(bytes(100), 900)).toMatchObject({ ratePerSecond: null, etaSeconds: null });
  });

  it('goes by the last ten seconds, and not by all the time', () => {
    const rate = new ProgressRate();
    rate.take(bytes(0), 0);
    rate.take(bytes(100), 60_000);
    expect(rate.take(bytes(500), 70_000)).toMatchObject({ ratePerSecond: 40, etaSeconds: 13 });
  });

  it('has no end to tell of work that stands still, or whose size is not known', () => {
    const rate = new ProgressRate();
    rate.take(bytes(5), 0);
    expect(rate.take(bytes(5), 2000)).toMatchObject({ ratePerSecond: 0, etaSeconds: null });
    expect(rate.take({ phase: 'fetch', done: 9, unit: 'bytes' }, 4000)).toMatchObject({
      total: null,
      etaSeconds: null,
    });
  });

  it('begins anew with a phase, and when work was begun again', () => {
    const rate = new ProgressRate();
    rate.take(bytes(0), 0);
    rate.take(bytes(900), 5000);
    expect(rate.take(bytes(10, 'replay'), 6000).ratePerSecond).toBeNull();
    rate.take(bytes(20, 'replay'), 8000);
    expect(rate.take(bytes(0, 'replay'), 9000).ratePerSecond).toBeNull();
  });
});
