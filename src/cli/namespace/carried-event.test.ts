import { describe, expect, it } from 'vitest';

import { Failure } from '../../base/failure.ts';
import { endingJson } from '../output/failure-text.ts';
import { jsonReporter } from '../output/json-reporter.ts';
import { jsonText } from '../output/json-text.ts';
import type { Reporter } from '../output/reporter.ts';
import { reportCarried } from './carried-event.ts';

const nowMs = () => 1_780_671_731_000;

/** What a reporter of JSON writes in the pod, and what one writes here when it is told the pod's lines. */
function bothWays(work: (reporter: Reporter) => void): { readonly there: string; readonly here: string } {
  const texts = { there: '', here: '' };
  work(jsonReporter({ write: (text) => (texts.there += text), nowMs }));
  const near = jsonReporter({ write: (text) => (texts.here += text), nowMs });
  for (const line of texts.there.trim().split('\n')) reportCarried(line, near);
  return texts;
}

describe('a line of the pod that carries out a recovery', () => {
  it('is reported here as it was there', () => {
    const { there, here } = bothWays((reporter) => {
      reporter.plan('shop to just before transaction 701', [{ name: 'fetch', summary: 'the backup' }]);
      reporter.begin('fetch');
      reporter.progress({ phase: 'fetch', done: 1, total: 4, unit: 'bytes', note: 'part 1' });
      reporter.progress({ phase: '', done: 0, total: 2, unit: 'members', note: 'waits for pod db-1 to be gone' });
      reporter.finish('fetch', 'all of it');
      reporter.note('a note');
      reporter.warn('a warning');
      reporter.fail('cut over', 'stopLive');
    });
    expect(here).toBe(there);
    expect(here.split('\n').length).toBeGreaterThan(7);
  });

  it('that says why it has failed is that failure', () => {
    const failure = new Failure('denied', { message: 'cannot', remedy: 'ask', facts: ['patch volumes'] });
    const line = jsonText({ at: '2026-06-05T15:10:00.000Z', event: 'failed', ...endingJson(failure) });
    const reporter = jsonReporter({ write: () => {}, nowMs });
    expect(reportCarried(line, reporter)).toMatchObject({
      kind: 'denied',
      message: 'cannot',
      remedy: 'ask',
      facts: ['patch volumes'],
    });
    expect(reportCarried('{"event":"failed","kind":"bug","message":"oh"}', reporter)?.message).toBe('oh');
  });

  it.each(['', 'Killed', '{"half', '[]', '{"event":"later"}', '{"id":"7f3a"}'])('%j is passed over', (line) => {
    let written = '';
    expect(reportCarried(line, jsonReporter({ write: (text) => (written += text), nowMs }))).toBeUndefined();
    expect(written).toBe('');
  });
});
