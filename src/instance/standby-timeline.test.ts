import { describe, expect, it } from 'vitest';

import { isFailure } from '../base/failure.ts';
import { lsn } from '../postgres/lsn.ts';
import { timelineOfStandbyBackup, type StandbyTimelines } from './standby-timeline.ts';

const START = lsn(0x3000028n);

function at(ofRestartPoint: number, ofReplay: number, redoLsn = START): StandbyTimelines {
  return { redoLsn, ofRestartPoint, ofReplay };
}

function refusalOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (isFailure(error, 'refused')) return error.message;
  }
  throw new Error('expected a refusal');
}

describe('the timeline of a backup of a standby', () => {
  it('is its restart point’s', () => {
    expect(timelineOfStandbyBackup(START, at(2, 2), at(2, 2))).toBe(2);
  });

  it('is that of the restart point that was made as it began', () => {
    expect(timelineOfStandbyBackup(START, at(1, 2, lsn(1n)), at(2, 2))).toBe(2);
  });

  it('is known although another restart point was made since, on the same timeline', () => {
    expect(timelineOfStandbyBackup(START, at(2, 2, lsn(1n)), at(2, 2, lsn(START + 1n)))).toBe(2);
  });

  it('is none where another restart point was made since, on the next timeline', () => {
    const begin = () => timelineOfStandbyBackup(START, at(1, 2, lsn(1n)), at(2, 2, lsn(START + 1n)));
    expect(refusalOf(begin)).toContain('its last restart point is on timeline 1');
  });

  it('is none while the standby replays another', () => {
    expect(refusalOf(() => timelineOfStandbyBackup(START, at(1, 1), at(1, 2)))).toContain('it is on timeline 2');
  });
});
