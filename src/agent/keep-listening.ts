/**
 * A server that listens until it is told to stop. Where it cannot, that is said once, and it tries again: nothing else
 * depends on it.
 *
 * @module
 */

import type { Server } from 'node:http';
import type { Server as TlsServer } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';

import { messageOf } from '../base/failure.ts';

/** What listens, and where. */
export interface Listening<Served extends Server | TlsServer> {
  readonly host: string;
  readonly port: number;
  /** What is served, for warnings: `metrics`. */
  readonly what: string;
  /** `metrics are not served`. */
  readonly notServed: string;
  readonly maxConnections: number;
  /** A new server. What it throws is told like a port that is taken. */
  readonly open: () => Promise<Served>;
  readonly onListening: (port: number, server: Served) => void;
  readonly onWarning: (message: string) => void;
  readonly signal: AbortSignal;
}

const RETRY_MS = 10_000;

async function listen(server: Server | TlsServer, host: string, port: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen({ host, port }, resolve);
  await promise;
  server.off('error', reject);
}

/** Listens until the signal. Throws nothing. */
export async function keepListening<Served extends Server | TlsServer>(listening: Listening<Served>): Promise<void> {
  const { host, port, what, notServed, maxConnections, open, onListening, onWarning, signal } = listening;
  for (let told = false; !signal.aborted;) {
    let server: Served;
    try {
      server = await open();
      server.maxConnections = maxConnections;
      await listen(server, host, port);
    } catch (error) {
      if (!told) onWarning(`${notServed} at ${host}:${port}: ${messageOf(error)}; it is tried again`);
      told = true;
      await sleep(RETRY_MS, undefined, { signal }).catch(() => {});
      continue;
    }
    const address = server.address();
    onListening(typeof address === 'object' && address !== null ? address.port : port, server);
    const over = Promise.withResolvers<void>();
    server.once('close', over.resolve);
    server.on('error', (error) => onWarning(`${what}: ${messageOf(error)}`));
    const close = () => {
      server.close();
      server.closeAllConnections();
    };
    if (signal.aborted) close();
    signal.addEventListener('abort', close, { once: true });
    await over.promise;
  }
}
