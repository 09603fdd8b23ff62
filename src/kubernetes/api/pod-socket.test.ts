import { EventEmitter } from 'node:events';

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { keepBeating } from './pod-socket.ts';

const HEARTBEAT = { everyMs: 10, deadAfterMs: 60 };

/** A socket whose other side answers so many pings, and then nothing. */
class Socket extends EventEmitter<{ pong: []; message: []; close: []; terminated: [] }> {
  pings = 0;
  readonly #answers: number;

  constructor(answers: number) {
    super();
    this.#answers = answers;
  }

  ping(): void {
    this.pings += 1;
    if (this.pings <= this.#answers) this.emit('pong');
  }

  terminate(): void {
    this.emit('terminated');
    this.emit('close');
  }
}

// Its own clock: an event loop that stands still for a moment would be taken for another side that is silent.
beforeEach(() => vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] }));
afterEach(() => vi.useRealTimers());

describe('a connection to a pod on which nothing is said', () => {
  it('is ended once nobody answers there any more, and not before', () => {
    const socket = new Socket(12);
    const ended = vi.fn<() => void>();
    socket.once('terminated', ended);
    keepBeating(socket, HEARTBEAT);
    vi.advanceTimersByTime(12 * HEARTBEAT.everyMs + HEARTBEAT.deadAfterMs);
    expect(ended).not.toHaveBeenCalled();
    vi.advanceTimersByTime(HEARTBEAT.everyMs);
    expect(ended).toHaveBeenCalledOnce();
    expect(socket.pings).toBeGreaterThan(12);
  });

  it('is not asked any more once it is closed', () => {
    const socket = new Socket(3);
    const ended = vi.fn<() => void>();
    socket.once('terminated', ended);
    keepBeating(socket, HEARTBEAT);
    vi.advanceTimersByTime(HEARTBEAT.everyMs);
    socket.emit('close');
    vi.advanceTimersByTime(5 * HEARTBEAT.deadAfterMs);
    expect(ended).not.toHaveBeenCalled();
    expect(socket.pings).toBe(1);
  });
});
