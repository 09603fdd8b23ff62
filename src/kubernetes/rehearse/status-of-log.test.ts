import { describe, expect, it } from 'vitest';

import { failureOfLog, resultsOfLog, statusOfLog } from './status-of-log.ts';

const line = (state: string, at: string) => JSON.stringify({ version: 1, at, id: '7f3a', state, targetLsn: '0/1' });

describe('the log of a pod', () => {
  it('tells the last whole state, whatever stands around it', () => {
    const log = [
      line('restoring', '1'),
      'walkback: a warning',
      line('standing', '2'),
      '{"torn',
      '{"state":"else"}',
      '',
    ].join('\n');
    expect(statusOfLog(log)).toMatchObject({ state: 'standing', at: '2' });
    expect(statusOfLog('exec /usr/bin/walkback: no such file')).toBeUndefined();
    expect(statusOfLog(line('dancing', '3'))).toBeUndefined();
  });

  it('tells what was answered, and how it failed', () => {
    const log =
      '{"did":"archiveRest","pushed":2}\n{"at":"x","event":"failed","kind":"refused","message":"cannot","remedy":"Do.","facts":["a"]}\n';
    expect(resultsOfLog(log)).toEqual([{ did: 'archiveRest', pushed: 2 }]);
    expect(failureOfLog(log)).toEqual({ kind: 'refused', message: 'cannot', remedy: 'Do.', facts: ['a'] });
    expect(failureOfLog('')).toBeUndefined();
  });
});
