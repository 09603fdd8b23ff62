import { describe, expect, it } from 'vitest';

import { parseTimelineHistory } from '../../../postgres/timeline-history.ts';
import { whyLogDiffers, whyNotTarget } from './clone-proof.ts';
import { plannedClone } from './testing/planned-clone.ts';

const target = { timeline: 1, lastKept: { xid: 700, kind: 'commit', timeUs: '1780671731620000', lsn: '0/5000000' } };

function judge(reason: string, given: { readonly lsn?: string; readonly parent?: number } = {}) {
  const { lsn = '0/50FFFF8', parent = 1 } = given;
  return whyNotTarget(parseTimelineHistory(parent + 1, `${parent}\t${lsn}\t${reason}\n`), plannedClone, target);
}

describe('what a clone has made', () => {
  it('is the target where the history says so, in the words of PostgreSQL or in ours', () => {
    expect(judge('before 2026-06-05 15:02:11.620113+00')).toBeUndefined();
    expect(judge('before 2026-06-05 20:32:11.7+05:30')).toBeUndefined();
    expect(judge('before LSN 0/5100000')).toBeUndefined();
  });

  it('is not where the target was dropped, or another one was kept', () => {
    expect(judge('no recovery target specified')).toMatch(/was not what ended it/);
    expect(judge('before 2026-06-05 15:02:11.620112+00')).toMatch(/not behind the target/);
    expect(judge('after 2026-06-05 15:02:11.620113+00')).toMatch(/was not what ended it/);
    expect(judge('before LSN 0/5200000')).toMatch(/not 0\/5100000/);
  });

  it('is not where it was recovered along another line, too far or not far enough', () => {
    expect(judge('before LSN 0/5100000', { parent: 2 })).toMatch(/branches off timeline 2/);
    expect(judge('before LSN 0/5100000', { lsn: '0/5100008' })).toMatch(/goes on behind/);
    expect(judge('before LSN 0/5100000', { lsn: '0/5000000' })).toMatch(/was to stay/);
    expect(whyNotTarget({ timeline: 1, ancestors: [] }, plannedClone, target)).toMatch(/was not recovered/);
  });
});

describe("the server's own log", () => {
  it('may say nothing, or the time that was told', () => {
    expect(whyLogDiffers('', plannedClone)).toBeUndefined();
    const line = '2026-06-06,LOG,00000,"starting point-in-time recovery to 2026-06-05 15:02:11.620112+00"';
    expect(whyLogDiffers(line, plannedClone)).toBeUndefined();
    expect(whyLogDiffers(line.replace(':11.', ':12.'), plannedClone)).toMatch(/was told to recover to/);
  });

  it('says that the WAL ended before the target', () => {
    const line = 'FATAL,XX000,"recovery ended before configured recovery target was reached"';
    expect(whyLogDiffers(line, plannedClone)).toMatch(/ended before the target/);
  });
});
