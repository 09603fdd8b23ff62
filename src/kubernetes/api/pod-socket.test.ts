import { EventEmitter, once } from 'node:events';

import { describe, expect, it } from 'vitest';

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

describe('a connection to a pod on which nothing is said', () => {
  it('is ended once nobody answers there any more, and not before', async () => {
    const socket = new Socket(12);
    keepBeating(socket, HEARTBEAT);
    await once(socket, 'terminated');
    expect(socket.pings).toBeGreaterThan(12);
  });

  it('is not asked any more once it is closed', async () => {
    const socket = new Socket(3);
    keepBeating(socket, HEARTBEAT);
    await once(socket, 'pong');
    socket.emit('close');
    const pings = socket.pings;
    const terminated = once(socket, 'terminated').then(() => 'terminated');
    const later = new Promise((resolve) => setTimeout(() => resolve('left alone'), 5 * HEARTBEAT.deadAfterMs));
    expect(await Promise.race([terminated, later])).toBe('left alone');
    expect(socket.pings).toBe(pings);
  });
});
