/**
 * Answers a few paths over HTTP, read only, for who watches the agent or the container.
 *
 * Nothing is taken but GET and HEAD of these paths. Where it cannot listen it says so and tries again: nothing else depends
 * on it.
 *
 * @module
 */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

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

/**
 * Whoever watches opens one or two, for a moment. Behind so many the oldest is cut for each new one: those that are held open
 * keep nobody out, least of all a kubelet, which ends a container that does not answer.
 */
const MAX_CONNECTIONS = 64;
/** Those that are cut count until they are closed. */
const CLOSING_CONNECTIONS = 64;

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

function cutOldest(server: Server): Server {
  const open = new Set<Socket>();
  return server.on('connection', (socket: Socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
    const [oldest] = open;
    if (open.size <= MAX_CONNECTIONS || oldest === undefined) return;
    open.delete(oldest);
    oldest.destroy();
  });
}

/** Serves until the signal. Throws nothing. */
export async function serveHttp(options: ServeHttpOptions): Promise<void> {
  const { routes, what, onListening, ...rest } = options;
  const limits = {
    requestTimeout: 10_000,
    headersTimeout: 5000,
    keepAliveTimeout: 5000,
    connectionsCheckingInterval: 1000,
  };
  await keepListening({
    ...rest,
    what,
    notServed: `${what} are not served`,
    maxConnections: MAX_CONNECTIONS + CLOSING_CONNECTIONS,
    open: async () =>
      cutOldest(
        createServer(limits, (request, response) => {
          respond(request, response, routes).catch(() => response.destroy());
        }),
      ),
    onListening: (port) => onListening?.(port),
  });
}
