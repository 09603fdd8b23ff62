import { describe, expect, it } from 'vitest';

import { StatusLines } from './status-lines.ts';
import type { VolumeStatus } from './volume-status.ts';

function lines() {
  const written: VolumeStatus[] = [];
  let nowMs = 0;
  const told = new StatusLines(
    { id: '7f3a', targetLsn: '0/3000148', starts: 1 },
    (status) => written.push(status),
    () => new Date(nowMs),
  );
  return { told, written, at: (ms: number) => (nowMs = ms) };
}

describe('StatusLines', () => {
  it('writes all that is known in each line', () => {
    const { told, written } = lines();
    told.tell('standing', { replayLsn: '0/3000100' });
    told.tell('checking');
    expect(written.at(-1)).toMatchObject({ version: 1, id: '7f3a', state: 'checking', replayLsn: '0/3000100' });
  });

  it('thins progress, and tells a new phase and the end of one at once', () => {
    const { told, written, at } = lines();
    told.tell('restoring');
    for (const [ms, done] of [
      [10, 1],
      [20, 2],
      [1500, 3],
      [1600, 4],
      [1700, 9],
    ] as const) {
      at(ms);
      told.onProgress({ phase: 'fetch', done, total: 9, unit: 'bytes' });
    }
    expect(written.map(({ progress }) => progress?.done)).toEqual([undefined, 1, 3, 9]);
  });

  it('forgets what was wrong when it goes on, and the progress of another state', () => {
    const { told, written } = lines();
    const problem = { message: 'cannot read: no answer', remedy: 'Wait.', facts: [] };
    told.tell('restoring');
    told.onProgress({ phase: 'fetch', done: 1, unit: 'bytes' });
    told.tell('waiting', { problem });
    expect(written.at(-1)).toMatchObject({ problem, progress: null });
    told.tell('restoring');
    expect(written.at(-1)?.problem).toBeNull();
  });
});
