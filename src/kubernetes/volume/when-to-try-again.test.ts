import { describe, expect, it } from 'vitest';

import { Failure } from '../../base/failure.ts';
import { pauseBeforeNext } from './when-to-try-again.ts';

const failure = (kind: Failure['kind']) => new Failure(kind, { message: 'cannot do it', remedy: 'Do it again.' });

describe('pauseBeforeNext', () => {
  it('waits for a store that is away for as long as it takes, at most a minute each time', () => {
    const pauses = [1, 2, 3, 6, 100].map((failures) => pauseBeforeNext(failure('unavailable'), failures));
    expect(pauses).toEqual([2000, 4000, 8000, 60_000, 60_000]);
  });

  it('tries again a few times what may have been a lack of memory or room', () => {
    expect(pauseBeforeNext(failure('failed'), 1)).toBe(2000);
    expect(pauseBeforeNext(new Error('ENOSPC: no space left on device'), 3)).toBe(8000);
    expect(pauseBeforeNext(failure('failed'), 4)).toBeUndefined();
  });

  it.each(['refused', 'corrupt', 'notInArchive', 'denied', 'usage', 'conflict'] as const)(
    'does not try again by itself what is %s',
    (kind) => {
      expect(pauseBeforeNext(failure(kind), 1)).toBeUndefined();
    },
  );
});
