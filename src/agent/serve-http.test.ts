import { connect, createServer } from 'node:net';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';

import { agentRoutes } from './agent-routes.ts';
import type { HealthProblem, HealthStatement } from './health.ts';
import { serveHttp } from './serve-http.ts';

const STATEMENTS: HealthStatement[] = [{ topic: 'backup', text: 'there is none' }];

/** Serves at a free port while `use` runs; answers with what was warned of. */
async function whileServing(problems: HealthProblem[], use: (base: string) => Promise<void>): Promise<string[]> {
  const stop = new AbortController();
  const listening = Promise.withResolvers<number>();
  const warnings: string[] = [];
  const serving = serveHttp({
    host: '127.0.0.1',
    port: 0,
    what: 'metrics',
    routes: agentRoutes({
      metrics: async () => 'walkback_up 1\n',
      health: async () => ({ problems, statements: STATEMENTS }),
    }),
    onWarning: (message) => warnings.push(message),
    onListening: listening.resolve,
    signal: stop.signal,
  });
  try {
    await use(`http://127.0.0.1:${await listening.promise}`);
  } finally {
    stop.abort();
    await serving;
  }
  return warnings;
}

describe('what an agent answers over HTTP', () => {
  it('are metrics as Prometheus reads them', async () => {
    await whileServing([], async (base) => {
      const answer = await fetch(`${base}/metrics`);
      expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
      expect(await answer.text()).toBe('walkback_up 1\n');
    });
  });

  it('is 200 when all is well and 503 with the problems otherwise, and what else is to be known', async () => {
    await whileServing([], async (base) => {
      const answer = await fetch(`${base}/health`);
      expect(answer.status).toBe(200);
      expect(await answer.json()).toEqual({ healthy: true, problems: [], statements: STATEMENTS });
    });
    await whileServing([{ topic: 'chain', text: 'x' }], async (base) => {
      const answer = await fetch(`${base}/health`);
      expect(answer.status).toBe(503);
      expect(await answer.json()).toMatchObject({ healthy: false, problems: [{ topic: 'chain', text: 'x' }] });
      expect((await fetch(`${base}/live`)).status).toBe(200);
    });
  });

  it('is kept from nobody by connections that are held open', async () => {
    await whileServing([], async (base) => {
      const port = Number(new URL(base).port);
      const held = await Promise.all(
        Array.from({ length: 200 }, async () => {
          const socket = connect(port, '127.0.0.1').on('error', () => {});
          await once(socket, 'connect');
          return socket;
        }),
      );
      expect((await fetch(`${base}/live`)).status).toBe(200);
      for (const socket of held) socket.destroy();
    });
  });

  it('is a refusal for anything else', async () => {
    await whileServing([], async (base) => {
      expect((await fetch(`${base}/etc/passwd`)).status).toBe(404);
      expect((await fetch(`${base}/toString`)).status).toBe(404);
      expect((await fetch(`${base}/metrics`, { method: 'POST', body: 'x' })).status).toBe(405);
    });
  });

  it('is nothing, with a warning, where the port is taken; and ends all the same', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const address = other.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const stop = new AbortController();
    const warned = Promise.withResolvers<string>();
    const routes = agentRoutes({ metrics: async () => '', health: async () => ({ problems: [], statements: [] }) });
    const told = { what: 'metrics', onWarning: warned.resolve };
    const serving = serveHttp({ host: '127.0.0.1', port, routes, ...told, signal: stop.signal });
    expect(await warned.promise).toMatch(/EADDRINUSE/);
    stop.abort();
    await serving;
    other.close();
  });
});
