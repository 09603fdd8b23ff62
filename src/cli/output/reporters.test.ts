import { describe, expect, it } from 'vitest';

import { blockLines, blockReporter } from './block-reporter.ts';
import { jsonReporter } from './json-reporter.ts';
import { lineReporter } from './line-reporter.ts';
import type { Reporter, ReporterOutput } from './reporter.ts';
import { screenFor } from './screen.ts';
import { StepList } from './step-list.ts';

const MB = 1024 ** 2;
const START_MS = Date.parse('2026-06-05T16:00:00Z');

function onTape(make: (output: ReporterOutput) => Reporter) {
  let nowMs = START_MS;
  const texts: string[] = [];
  const reporter = make({ write: (text) => texts.push(text), nowMs: () => nowMs });
  const pass = (ms: number) => (nowMs += ms);
  return { reporter, pass, lines: () => texts.join('').trimEnd().split('\n') };
}

function aRestore({ reporter, pass }: ReturnType<typeof onTape>): void {
  reporter.plan('shop-prod to just before 601762', [
    { name: 'fetch', summary: 'backup of today 01:04' },
    { name: 'replay', summary: '212 segments' },
  ]);
  reporter.begin('fetch');
  for (let second = 0; second <= 40; second += 1) {
    reporter.progress({ phase: 'fetch', done: second * 100 * MB, total: 4000 * MB, unit: 'bytes' });
    pass(1000);
  }
  reporter.finish('fetch');
  reporter.progress({ phase: 'replay', done: 10, total: 212, unit: 'segments', note: 'at 07:31:40' });
  reporter.warn('a segment came late');
  reporter.fail('replay', 'the server stopped');
}

describe('progress where there is no terminal', () => {
  it('is a line for each step begun and ended, and one every 30 s between', () => {
    const tape = onTape(lineReporter);
    aRestore(tape);
    expect(tape.lines()).toEqual([
      '2026-06-05T16:00:00.000Z shop-prod to just before 601762',
      '2026-06-05T16:00:00.000Z fetch: begun, backup of today 01:04',
      '2026-06-05T16:00:30.000Z fetch: 2.9 GB of 3.9 GB, 100 MB/s, about 10 s left',
      '2026-06-05T16:00:41.000Z fetch: done in 41 s, 3.9 GB at 98 MB/s',
      '2026-06-05T16:00:41.000Z replay: begun, 212 segments',
      '2026-06-05T16:00:41.000Z warning: a segment came late',
      '2026-06-05T16:00:41.000Z replay: FAILED in 0.0 s, the server stopped',
    ]);
  });
});

describe('progress as JSON', () => {
  it('is one object a line, at most one a second for each step', () => {
    const tape = onTape(jsonReporter);
    aRestore(tape);
    for (let call = 0; call < 100; call += 1) tape.reporter.progress({ phase: 'scan', done: call, unit: 'files' });
    const events = tape.lines().map((line): Record<string, unknown> => JSON.parse(line));
    expect(events[0]).toEqual({
      at: '2026-06-05T16:00:00.000Z',
      event: 'planned',
      title: 'shop-prod to just before 601762',
      steps: [
        { name: 'fetch', summary: 'backup of today 01:04' },
        { name: 'replay', summary: '212 segments' },
      ],
    });
    expect(events.filter((event) => event['event'] === 'progress' && event['step'] === 'fetch')).toHaveLength(41);
    expect(events.filter((event) => event['event'] === 'progress' && event['step'] === 'scan')).toHaveLength(1);
    expect(events.find((event) => event['event'] === 'stepFinished')).toMatchObject({
      step: 'fetch',
      durationMs: 41_000,
    });
    expect(events.find((event) => event['event'] === 'stepFailed')).toMatchObject({ note: 'the server stopped' });
  });
});

describe('a note that has no step of its own', () => {
  const waits = {
    phase: '',
    done: 0,
    total: 2,
    unit: 'members',
    note: 'waits for pod db-1 on node n2 to be gone',
  } as const;

  it('is one of the step under way, whose summary stays what it was', () => {
    const tape = onTape(lineReporter);
    tape.reporter.begin('cut over', 'the cluster is down meanwhile');
    tape.pass(31_000);
    tape.reporter.progress(waits);
    tape.reporter.finish('cut over');
    expect(tape.lines()).toEqual([
      '2026-06-05T16:00:00.000Z cut over: begun, the cluster is down meanwhile',
      '2026-06-05T16:00:31.000Z cut over: waits for pod db-1 on node n2 to be gone',
      '2026-06-05T16:00:31.000Z cut over: done in 31 s, the cluster is down meanwhile',
    ]);
  });

  it('names that step in JSON', () => {
    const tape = onTape(jsonReporter);
    tape.reporter.begin('cut over');
    tape.reporter.progress(waits);
    expect(JSON.parse(tape.lines().at(-1) ?? '')).toMatchObject({
      event: 'progress',
      step: 'cut over',
      note: waits.note,
    });
  });
});

function aBlock(environment: Record<string, string>, columns: number): string[] {
  const screen = screenFor({ stream: { isTTY: true, columns }, environment, color: 'never', zone: 'UTC' });
  const list = new StepList();
  list.plan('shop-prod to just before 601762', [
    { name: 'freeze', summary: '' },
    { name: 'fetch', summary: '' },
    { name: 'replay', summary: '' },
    { name: 'check', summary: '3 files in checks/' },
    { name: 'cut over', summary: 'asks first; about 8 s of downtime' },
  ]);
  list.begin('freeze', undefined, START_MS);
  list.endStep('freeze', 'done', 'pruning stopped, newest commits archived', START_MS + 1200);
  list.report({ phase: 'fetch', done: 4 * 1024 ** 3, unit: 'bytes' }, START_MS + 1200);
  list.endStep('fetch', 'done', undefined, START_MS + 20_200);
  for (let second = 0; second <= 10; second += 1) {
    const progress = {
      phase: 'replay',
      done: 131 + second * 4,
      total: 212,
      unit: 'segments',
      note: 'at 07:31:40',
    } as const;
    list.report(progress, START_MS + 21_000 + second * 1000);
  }
  return blockLines(list, screen, START_MS, START_MS + 242_000);
}

describe('the block at a terminal', () => {
  it('shows every step, with marks and a bar, within 80 columns', () => {
    expect(aBlock({ LANG: 'C.UTF-8' }, 80)).toEqual([
      'shop-prod to just before 601762                                       4 min 2 s',
      '',
      '  ✔ freeze      pruning stopped, newest commits archived                  1.2 s',
      '  ✔ fetch       4.0 GB at 216 MB/s                                         19 s',
      '  ▸ replay      ████████████████░░░░  at 07:31:40                    3 min 41 s',
      '                171 of 212 segments, 4.0 per second, about 10 s left',
      '    check       3 files in checks/',
      '    cut over    asks first; about 8 s of downtime',
    ]);
  });

  it('falls back to ASCII, and is never wider than the terminal', () => {
    for (const columns of [40, 60, 80, 120]) {
      const lines = aBlock({}, columns);
      expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(columns);
      expect(lines.join('')).toMatch(/^[\x20-\x7e]*$/);
    }
    expect(aBlock({}, 80)[4]).toContain('> replay      ################....');
  });
});

/** What stands on a terminal in the end: movements up carried out, each erasing what is below. */
function onScreen(texts: readonly string[]): string[] {
  const lines: string[] = [''];
  const write = (text: string) => {
    const [first = '', ...rest] = text.split('\n');
    lines.push(`${lines.pop() ?? ''}${first}`, ...rest);
  };
  const [begin = '', ...movements] = texts.join('').split('\u001b[');
  write(begin);
  for (const movement of movements) {
    const [, up, text = ''] = /^(?:(\d+)A|0J)([^]*)$/.exec(movement) ?? [];
    if (up !== undefined) lines.splice(lines.length - 1 - Number(up), Number(up));
    write(text);
  }
  return lines.filter((line) => line !== '');
}

function aTerminal() {
  const screen = screenFor({
    stream: { isTTY: true, columns: 80 },
    environment: { LANG: 'C.UTF-8', TERM: 'xterm' },
    color: 'never',
    zone: 'UTC',
  });
  const texts: string[] = [];
  const reporter = blockReporter({ write: (text) => texts.push(text), nowMs: () => START_MS }, screen);
  return { reporter, lines: () => onScreen(texts).map((line) => line.replace(/\s+/g, ' ').trim()) };
}

describe('a terminal after the block', () => {
  it('shows its last state once, also when the end is told twice', () => {
    const { reporter, lines } = aTerminal();
    reporter.progress({ phase: 'fetch', done: 1, total: 2, unit: 'files' });
    reporter.finish('fetch', 'all files');
    reporter.end('done');
    reporter.end('done');
    expect(lines()).toEqual(['✔ fetch all files 0.0 s']);
  });

  it('shows steps under way as the work ended', () => {
    for (const [outcome, mark] of [
      ['done', '✔'],
      ['failed', '✘'],
    ] as const) {
      const { reporter, lines } = aTerminal();
      reporter.progress({ phase: 'plan', done: 9, unit: 'segments' });
      reporter.end(outcome);
      expect(lines()).toEqual([`${mark} plan 9 segments 0.0 s`]);
    }
  });

  it('shows below a question only what was not over before it', () => {
    const { reporter, lines } = aTerminal();
    reporter.plan('shop', [
      { name: 'replay', summary: '' },
      { name: 'cut over', summary: 'the cluster is down' },
    ]);
    reporter.begin('replay');
    reporter.finish('replay', 'stands');
    reporter.pause();
    reporter.begin('cut over');
    reporter.finish('cut over', 'done');
    reporter.end('done');
    expect(lines()).toEqual([
      'shop 0.0 s',
      '✔ replay stands 0.0 s',
      'cut over the cluster is down',
      'shop 0.0 s',
      '✔ cut over done 0.0 s',
    ]);
  });

  it('shows nothing more when nothing was begun below the question', () => {
    const { reporter, lines } = aTerminal();
    reporter.plan('shop', [{ name: 'cut over', summary: 'the cluster is down' }]);
    reporter.pause();
    reporter.pause();
    reporter.end('done');
    expect(lines()).toEqual(['shop 0.0 s', 'cut over the cluster is down']);
  });
});
