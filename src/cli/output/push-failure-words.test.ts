import { expect, it } from 'vitest';

import { PushFailureWords } from './push-failure-words.ts';

const A = '00000001000000000000000A';
const B = '00000001000000000000000B';
const C = '00000001000000000000000C';
const D = '00000001000000000000000D';

const denied = (fileName: string) => `cannot write wal_005/${fileName}.zst: access denied`;

it('a failed push is told once a minute for each reason, with how many files it stands for', () => {
  const words = new PushFailureWords();
  const told = (fileName: string, message: string, nowMs: number) =>
    words.line({ kind: 'pushFailed', fileName, message }, nowMs)?.text;
  expect(told(A, denied(A), 0)).toBe(`not pushed: ${A}: ${denied(A)}`);
  for (const name of [B, C, B, A, D]) expect(told(name, denied(name), 1000)).toBeUndefined();
  expect(told(A, 'no answer', 6000)).toBe(`not pushed: ${A}: no answer`);
  expect(told(B, denied(B), 59_999)).toBeUndefined();
  expect(told(B, denied(B), 60_000)).toBe(`not pushed: ${B} and 3 other files: ${denied(B)}`);
  expect(told(B, denied(B), 120_000)).toBe(`not pushed: ${B}: ${denied(B)}`);
});
