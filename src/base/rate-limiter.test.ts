import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { RateLimiter } from './rate-limiter.ts';

describe('a rate limiter', () => {
  it('lets no more through in any span than the rate, and one piece beside', () => {
    const step = fc.record({
      sizeBytes: fc.integer({ min: 0, max: 10_000 }),
      idleMs: fc.integer({ min: 0, max: 300 }),
    });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100_000 }), fc.array(step), (bytesPerS, steps) => {
        let nowMs = 0;
        const limiter = new RateLimiter(bytesPerS, () => nowMs);
        const passed = steps.map(({ sizeBytes, idleMs }) => {
          nowMs += idleMs;
          return { atMs: nowMs + limiter.reserveMs(sizeBytes), sizeBytes };
        });
        for (const [from, first] of passed.entries()) {
          let sizeBytes = 0;
          for (const piece of passed.slice(from)) {
            const allowedBytes = ((piece.atMs - first.atMs) / 1000) * bytesPerS;
            expect(sizeBytes).toBeLessThanOrEqual(allowedBytes + 0.001);
            sizeBytes += piece.sizeBytes;
          }
        }
      }),
    );
  });

  it('does not save up what was not used', () => {
    let nowMs = 0;
    const limiter = new RateLimiter(1000, () => nowMs);
    nowMs = 60_000;
    expect([limiter.reserveMs(500), limiter.reserveMs(500), limiter.reserveMs(1)]).toEqual([0, 500, 1000]);
  });

  it('lets go of a caller who gives up', async () => {
    const limiter = new RateLimiter(1000);
    await limiter.take(1_000_000);
    const cancel = new AbortController();
    const waiting = limiter.take(1, cancel.signal);
    cancel.abort(new Error('no longer wanted'));
    await expect(waiting).rejects.toThrow('no longer wanted');
  });
});
