import { describe, expect, it } from 'vitest';

import { WrongTokens } from './wrong-tokens.ts';

describe('wrong tokens', () => {
  it('are too many after ten in a minute from one address, and told of once more', () => {
    const wrong = new WrongTokens();
    for (let count = 1; count <= 10; count += 1) {
      expect(wrong.note('10.0.0.1', count)).toEqual({ isTooMany: false, isTold: true });
    }
    expect(wrong.note('10.0.0.1', 11)).toEqual({ isTooMany: true, isTold: true });
    expect(wrong.note('10.0.0.1', 12)).toEqual({ isTooMany: true, isTold: false });
    expect(wrong.note('10.0.0.2', 13)).toEqual({ isTooMany: false, isTold: true });
    expect(wrong.note('10.0.0.1', 60_002)).toEqual({ isTooMany: false, isTold: true });
  });

  it('from more addresses than are counted are counted together', () => {
    const wrong = new WrongTokens();
    for (let host = 0; host < 1000; host += 1) wrong.note(`host ${host}`, 1);
    for (let host = 1000; host < 1010; host += 1) expect(wrong.note(`host ${host}`, 2).isTooMany).toBe(false);
    expect(wrong.note('host 2000', 3).isTooMany).toBe(true);
  });
});
