/**
 * Answers a few paths over HTTP, read only, for who watches the agent or the container.
 *
 * Nothing is taken but GET and HEAD of these paths. Where it cannot listen it says so and tries again: nothing else depends
 * on it.
 *
 * @module
 */

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

import { messageOf } from '../base/failure.ts';
import { keepListening } from './keep-listening.ts';

/** One answer. */
export interface HttpAnswer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

/** What is answered, by its path. */
export type HttpRoutes = Readonly<Record<string, () => Promise<HttpAnswer>>>;

/** Where, and for how long. */
export interface ServeHttpOptions {
  readonly host: string;
  readonly port: number;
  readonly routes: HttpRoutes;
  /** What is served, for the warning that it is not. */
  readonly what: string;
  readonly onWarning: (message: string) => void;
  /** Told once it listens, and where. */
  readonly onListening?: (port: number) => void;
  readonly signal: AbortSignal;
}

const MAX_CONNECTIONS = 16;

const JSON_TYPE = 'application/json; charset=utf-8';

/** An answer of one object, on a line of its own. */
export function jsonAnswer(status: number, value: object): HttpAnswer {
  return { status, type: JSON_TYPE, body: `${JSON.stringify(value)}\n` };
}

/** An answer as Prometheus reads it. */
export function metricsAnswer(body: string): HttpAnswer {
  return { status: 200, type: 'text/plain; version=0.0.4; charset=utf-8', body };
}

async function answer(path: string, routes: HttpRoutes): Promise<HttpAnswer> {
  const route = Object.hasOwn(routes, path) ? routes[path] : undefined;
  return route === undefined ? jsonAnswer(404, { answers: Object.keys(routes) }) : route();
}

async function respond(request: IncomingMessage, response: ServerResponse, routes: HttpRoutes): Promise<void> {
  request.resume();
  const isRead = request.method === 'GET' || request.method === 'HEAD';
  const path = (request.url ?? '/').replace(/\?.*$/, '');
  const given = isRead
    ? await answer(path, routes).catch((error: unknown) => ({
        status: 500,
        type: 'text/plain; charset=utf-8',
        body: `${messageOf(error)}\n`,
      }))
    : { status: 405, type: 'text/plain; charset=utf-8', body: 'Only GET and HEAD are answered.\n' };
  response.writeHead(given.status, { 'content-type': given.type, 'cache-control': 'no-store' });
  response.end(request.method === 'HEAD' ? undefined : given.body);
}

/** Serves until the signal. Throws nothing. */
export async function serveHttp(options: ServeHttpOptions): Promise<void> {
  const { routes, what, onListening, ...rest } = options;
  const limits = { requestTimeout: 10_000, headersTimeout: 5000, keepAliveTimeout: 5000 };
  await keepListening({
    ...rest,
    what,
    notServed: `${what} are not served`,
    maxConnections: MAX_CONNECTIONS,
    open: async () =>
      createServer(limits, (request, response) => {
        respond(request, response, routes).catch(() => response.destroy());
      }),
    onListening: (port) => onListening?.(port),
  });
}
