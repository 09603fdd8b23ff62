import { describe, expect, it } from 'vitest';

import { frameLine, parseFrame, type Frame } from '../../agent/control/frames.ts';
import { jsonReporter } from '../output/json-reporter.ts';
import { frameReporter, reportAgain } from './frame-reporter.ts';

/** What a reporter of JSON writes when frames are reported again, and what it writes when it is told itself. */
function bothWays(work: (reporter: ReturnType<typeof jsonReporter>) => void): {
  readonly far: string;
  readonly near: string;
} {
  const clock = { nowMs: () => 1_780_671_731_000 };
  const frames: Frame[] = [];
  const texts = { far: '', near: '' };
  work(frameReporter((frame) => frames.push(parseFrame(frameLine(frame))), clock.nowMs));
  const far = jsonReporter({ write: (text) => (texts.far += text), ...clock });
  for (const frame of frames) if (frame.kind === 'report') reportAgain(frame, far);
  work(jsonReporter({ write: (text) => (texts.near += text), ...clock }));
  return texts;
}

describe('what a command reports elsewhere', () => {
  it('is reported here as if it had run here', () => {
    const { far, near } = bothWays((reporter) => {
      reporter.plan('shop to 601762', [{ name: 'fetch', summary: 'the backup' }]);
      reporter.begin('fetch');
      reporter.progress({ phase: 'fetch', done: 5, total: 10, unit: 'bytes', note: 'base_1' });
      reporter.progress({ phase: 'fetch', done: 10, total: 10, unit: 'bytes' });
      reporter.finish('fetch', '10 bytes');
      reporter.progress({ phase: 'replicas', done: 1, total: 2, unit: 'members', note: 'shop-1' });
      reporter.finish('replicas');
      reporter.begin('check', '2 checks');
      reporter.fail('check', '1 of 2 failed');
      reporter.note('a note');
      reporter.warn('a warning');
      reporter.pause();
      reporter.end('failed');
    });
    expect(far).toBe(near);
    expect(near.split('\n')).toHaveLength(13);
  });

  it('is thinned: no more than two reports of progress a second, and always the last', () => {
    const frames: Frame[] = [];
    let nowMs = 0;
    const reporter = frameReporter(
      (frame) => frames.push(frame),
      () => nowMs,
    );
    for (; nowMs < 10_000; nowMs += 10) reporter.progress({ phase: 'fetch', done: nowMs, total: 9990, unit: 'bytes' });
    expect(frames).toHaveLength(21);
    expect(frames.at(-1)).toMatchObject({ args: [{ done: 9990 }] });
  });

  it('is passed over where this side does not know it', () => {
    const { far } = bothWays(() => {});
    const reporter = jsonReporter({ write: () => {}, nowMs: () => 0 });
    reportAgain({ kind: 'report', atMs: 0, call: 'sing', args: [] }, reporter);
    reportAgain({ kind: 'report', atMs: 0, call: 'progress', args: [{ phase: 1 }] }, reporter);
    expect(far).toBe('');
  });
});
