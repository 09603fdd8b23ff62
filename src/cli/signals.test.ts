import { describe, expect, it } from 'vitest';

import { abortOnSignals } from './signals.ts';

describe('signals', () => {
  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('abort the run: %s', (name) => {
    const watched = abortOnSignals(undefined);
    process.emit(name, name);
    expect(watched.signal.aborted).toBe(true);
    watched.dispose();
  });

  it('end the process as usual once one has been heard', () => {
    const before = process.listenerCount('SIGINT');
    const watched = abortOnSignals(undefined);
    expect(process.listenerCount('SIGINT')).toBe(before + 1);
    process.emit('SIGINT', 'SIGINT');
    expect(process.listenerCount('SIGINT')).toBe(before);
    watched.dispose();
  });
});

describe('held signals', () => {
  it('ask the work that holds them, and not the run', () => {
    const watched = abortOnSignals(undefined);
    const asked: string[] = [];
    using held = watched.hold((name) => asked.push(name));
    process.emit('SIGINT', 'SIGINT');
    expect([held.signal.aborted, watched.signal.aborted, asked]).toEqual([true, false, ['SIGINT']]);
    held.giveUp();
    expect(watched.signal.aborted).toBe(true);
    watched.dispose();
  });

  it('are not moved by a terminal that goes away', () => {
    const watched = abortOnSignals(undefined);
    using held = watched.hold(() => {});
    process.emit('SIGHUP', 'SIGHUP');
    expect([held.signal.aborted, watched.signal.aborted]).toEqual([false, false]);
    watched.dispose();
  });

  it('act as before when they are no longer held', () => {
    const watched = abortOnSignals(undefined);
    const held = watched.hold(() => {});
    process.emit('SIGTERM', 'SIGTERM');
    held[Symbol.dispose]();
    process.emit('SIGTERM', 'SIGTERM');
    expect(watched.signal.aborted).toBe(true);
    watched.dispose();
  });
});
