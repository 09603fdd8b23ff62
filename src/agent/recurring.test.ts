import { describe, expect, it } from 'vitest';

import { Failure } from '../base/failure.ts';
import type { DutyEvent } from './duty-event.ts';
import { recurring, retryMs } from './recurring.ts';

describe('work that comes again', () => {
  it('is tried sooner behind a failure, then later and later, and never later than a quarter of an hour', () => {
    const pauses = [1, 2, 3, 9, 100].map((failures) => retryMs(failures, 60_000));
    expect(pauses).toEqual([5000, 10_000, 20_000, 900_000, 900_000]);
    expect(retryMs(100, 3_600_000)).toBe(3_600_000);
    expect(retryMs(100, 20_000, 60_000)).toBe(60_000);
  });

  it('goes on behind a failure, which is told with its remedy on one line', async () => {
    const stop = new AbortController();
    const events: DutyEvent[] = [];
    const failing = recurring({
      duty: 'backup',
      pauseMs: () => 1,
      work: async () => {
        throw new Failure('unavailable', { message: 'cannot reach it', remedy: 'Look.\n    walkback status' });
      },
      report: (event) => {
        events.push(event);
        stop.abort();
      },
      signal: stop.signal,
    });
    await failing;
    expect(events).toEqual([{ kind: 'dutyFailed', duty: 'backup', message: 'cannot reach it. Look. walkback status' }]);
  });

  it('ends with the signal, also in a pause', async () => {
    const stop = new AbortController();
    let times = 0;
    const work = async () => {
      times += 1;
      if (times === 2) stop.abort();
    };
    await recurring({ duty: 'chain', pauseMs: () => 1, work, report: () => {}, signal: stop.signal });
    expect(times).toBe(2);
  });
});
