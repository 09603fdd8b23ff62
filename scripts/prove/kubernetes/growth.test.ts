import { describe, expect, it } from 'vitest';

import { downsIn, downText, growthVerdict, recordedDowns, type Down } from './growth.ts';

const down = (label: string, megabytes: number, ...seconds: readonly number[]): Down => ({
  label,
  megabytes,
  ms: seconds.map((one) => one * 1000),
});

const SMALL = down('rebind', 50, 12.6, 20.1, 13);
const LED = down('rebind led by pod 1', 50, 14.2, 21, 15);

describe('how long a cluster is down', () => {
  it('is read again as it was written', () => {
    expect(downsIn(`5 of 5; down: ${downText(SMALL)}; ${downText(LED)}`)).toEqual([SMALL, LED]);
  });

  it('is read from the rows that held, as far as they are legible', () => {
    const row = (holds: string, text: string): string =>
      `| kubernetes | 0–4 | 5 | ${holds} | down: ${text} | 2026-12-01 |`;
    const page = [
      row('yes', 'rebind of 50 MB 12.6… s, in-volume of 50 MB 16.2… s, rebind of 50 …'),
      row('**no**', 'recreate of 50 MB 3.0… s'),
      '| kubernetes-faults | 0–4 | 5 | yes | recreate of 50 MB 3.0 s | 2026-12-01 |',
    ].join('\n');
    expect(recordedDowns(page)).toEqual([down('rebind', 50, 12.6), down('in-volume', 50, 16.2)]);
  });

  it('may be some seconds longer with a hundred times the data, and no more', () => {
    expect(growthVerdict([SMALL, down('rebind', 5000, 16, 24, 12)], [])).toEqual({
      holds: true,
      text: '; with more data rebind +3.9 s, of +5.0 s at most',
    });
    expect(growthVerdict([down('rebind', 5000, 13, 25.5, 13)], [SMALL]).holds).toBe(false);
  });

  it('is compared with the newest of the same way, with less data', () => {
    expect(growthVerdict([down('rebind', 5000, 30)], [SMALL, down('rebind', 50, 28), LED]).holds).toBe(true);
    expect(growthVerdict([SMALL], [down('rebind', 50, 1)])).toEqual({ holds: true, text: '' });
  });

  it('grows where a clone restores meanwhile', () => {
    expect(growthVerdict([down('clone', 50, 60), down('clone', 5000, 600)], [])).toEqual({ holds: true, text: '' });
  });
});
