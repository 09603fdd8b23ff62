/**
 * Answers `/metrics`, `/health` and `/live` over HTTP, for who watches the agent.
 *
 * It tells nothing secret and takes nothing but these three requests; still it belongs on the loopback interface, or
 * behind what admits only who should look. Where it cannot listen it says so and tries again: nothing else depends on it.
 *
 * @module
 */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

import { messageOf } from '../base/failure.ts';

/** What is answered. */
export interface HttpAnswers {
  readonly metrics: () => Promise<string>;
  /** Problems, empty if all is well. */
  readonly problems: () => Promise<readonly object[]>;
}

/** Where, and for how long. */
export interface ServeHttpOptions {
  readonly host: string;
  readonly port: number;
  readonly answers: HttpAnswers;
  readonly onWarning: (message: string) => void;
  /** Told once it listens, and where. */
  readonly onListening?: (port: number) => void;
  readonly signal: AbortSignal;
}

const RETRY_MS = 10_000;
const MAX_CONNECTIONS = 16;

async function answer(path: string, answers: HttpAnswers): Promise<{ status: number; type: string; body: string }> {
  const json = 'application/json; charset=utf-8';
  switch (path) {
    case '/metrics':
      return { status: 200, type: 'text/plain; version=0.0.4; charset=utf-8', body: await answers.metrics() };
    case '/health': {
      const problems = await answers.problems();
      const isWell = problems.length === 0;
      return { status: isWell ? 200 : 503, type: json, body: `${JSON.stringify({ healthy: isWell, problems })}\n` };
    }
    case '/live':
      return { status: 200, type: json, body: '{"live":true}\n' };
    default:
      return { status: 404, type: json, body: '{"answers":["/metrics","/health","/live"]}\n' };
  }
}

async function respond(request: IncomingMessage, response: ServerResponse, answers: HttpAnswers): Promise<void> {
  request.resume();
  const isRead = request.method === 'GET' || request.method === 'HEAD';
  const path = (request.url ?? '/').replace(/\?.*$/, '');
  const given = isRead
    ? await answer(path, answers).catch((error: unknown) => ({
        status: 500,
        type: 'text/plain; charset=utf-8',
        body: `${messageOf(error)}\n`,
      }))
    : { status: 405, type: 'text/plain; charset=utf-8', body: 'Only GET and HEAD are answered.\n' };
  response.writeHead(given.status, { 'content-type': given.type, 'cache-control': 'no-store' });
  response.end(request.method === 'HEAD' ? undefined : given.body);
}

async function listen(server: Server, { host, port }: ServeHttpOptions): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen({ host, port }, resolve);
  await promise;
  server.off('error', reject);
}

/** Serves until the signal. Throws nothing. */
export async function serveHttp(options: ServeHttpOptions): Promise<void> {
  const { host, port, answers, onWarning, onListening, signal } = options;
  for (let told = false; !signal.aborted;) {
    const server = createServer(
      { requestTimeout: 10_000, headersTimeout: 5000, keepAliveTimeout: 5000 },
      (request, response) => {
        respond(request, response, answers).catch(() => response.destroy());
      },
    );
    server.maxConnections = MAX_CONNECTIONS;
    try {
      await listen(server, options);
    } catch (error) {
      if (!told) onWarning(`metrics are not served at ${host}:${port}: ${messageOf(error)}; it is tried again`);
      told = true;
      await sleep(RETRY_MS, undefined, { signal }).catch(() => {});
      continue;
    }
    const address = server.address();
    onListening?.(typeof address === 'object' && address !== null ? address.port : port);
    const over = Promise.withResolvers<void>();
    server.once('close', over.resolve);
    server.on('error', (error) => onWarning(`metrics: ${messageOf(error)}`));
    const close = () => {
      server.close();
      server.closeAllConnections();
    };
    if (signal.aborted) close();
    signal.addEventListener('abort', close, { once: true });
    await over.promise;
  }
}
