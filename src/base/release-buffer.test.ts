import { describe, expect, it } from 'vitest';

import { releaseBuffer } from './release-buffer.ts';

const MIB = 1024 * 1024;

describe('a released buffer', () => {
  it('is empty, and may be released again', () => {
    const buffer = Buffer.alloc(MIB, 1);
    releaseBuffer(buffer);
    releaseBuffer(buffer);
    expect(buffer.length).toBe(0);
  });

  it('is left alone when it shares its memory', () => {
    const whole = Buffer.alloc(MIB, 1);
    releaseBuffer(whole.subarray(10));
    releaseBuffer(Buffer.from('small'));
    expect(whole.length).toBe(MIB);
  });
});
