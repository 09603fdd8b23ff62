/**
 * Programs and ports of pods, over WebSockets.
 *
 * The package's socket does the connecting; what travels in it is read and written here, because the package ends this process's
 * own standard streams when a channel is closed.
 *
 * @module
 */

import { PassThrough } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';

import { Failure, messageOf } from '../../base/failure.ts';
import type { ApiSession } from './api-session.ts';
import { failureOf, Refusal, type Asked } from './server-answer.ts';

/** The channel that the server's last word comes in, for programs. */
export const STATUS_CHANNEL = 3;
const CLOSE_CHANNEL = 255;

/** One socket. */
export interface PodSocket {
  /** True if an input can be ended without ending the socket. */
  readonly canCloseChannel: boolean;
  send(channel: number, bytes: Uint8Array): void;
  closeChannel(channel: number): void;
  /** Settles when the socket has closed, for whatever reason. */
  readonly closed: Promise<void>;
  close(): void;
}

const TRIES = 5;
const AGAIN_MS = 300;

/** How a silent connection is told from a dead one. As client-go does: https://github.com/kubernetes/enhancements/issues/4006 */
export interface Heartbeat {
  readonly everyMs: number;
  /** Of silence, after which it counts as dead. */
  readonly deadAfterMs: number;
}

const USUAL_HEARTBEAT: Heartbeat = { everyMs: 5000, deadAfterMs: 60_000 };

/** What of a socket is needed to know whether somebody is there. */
interface Beating {
  on(event: 'pong' | 'message' | 'close', listener: () => void): unknown;
  ping(): void;
  terminate(): void;
}

/**
 * A load balancer that drops a quiet flow, or a machine that loses power, tells nobody: without this a program that says nothing would
 * be waited for without an end.
 */
export function keepBeating(socket: Beating, { everyMs, deadAfterMs }: Heartbeat = USUAL_HEARTBEAT): void {
  let heardAtMs = performance.now();
  const hear = (): void => void (heardAtMs = performance.now());
  socket.on('pong', hear);
  socket.on('message', hear);
  const timer = setInterval(() => {
    if (performance.now() - heardAtMs > deadAfterMs) socket.terminate();
    else socket.ping();
  }, everyMs);
  timer.unref();
  socket.on('close', () => clearInterval(timer));
}

/**
 * Opens a socket; a connection that could not be made is tried again, one that was made never.
 *
 * @param path from the root, with its query.
 * @param onBytes is given what comes, and the channel it came in.
 */
export async function openPodSocket(
  session: ApiSession,
  asked: Asked,
  path: string,
  onBytes: (channel: number, bytes: Buffer) => void,
): Promise<PodSocket> {
  for (let number = 1; ; number += 1) {
    const { connection } = session;
    try {
      return await connectOnce(session, path, onBytes);
    } catch (error) {
      const refusal = refusalIn(error);
      if (refusal?.status === 401 && number === 1) {
        await session.renewed(connection);
        continue;
      }
      const mayPass =
        refusal === undefined ? /ECONNREFUSED|EHOSTUNREACH|ENOTFOUND/.test(messageOf(error)) : refusal.status >= 500;
      if (!mayPass || number === TRIES) throw failureOf(asked, connection.where.server, refusal ?? error, []);
      await sleep(AGAIN_MS * number);
    }
  }
}

async function connectOnce(
  session: ApiSession,
  path: string,
  onBytes: (channel: number, bytes: Buffer) => void,
): Promise<PodSocket> {
  const { WebSocketHandler } = await import('./client-node.ts');
  const { connection, deadlines } = session;
  // What would be this process's own streams, ended when the server ends a channel.
  const spare = { stdin: new PassThrough(), stdout: new PassThrough(), stderr: new PassThrough() };
  const handler = new WebSocketHandler(connection.kubeConfig, undefined, spare);
  const closed = Promise.withResolvers<undefined>();
  const opening = handler.connect(path, null, (channel, bytes) => {
    onBytes(channel, bytes);
    return true;
  });
  const limit = new AbortController();
  const late = sleep(deadlines.attemptIdleMs, 'late', { signal: limit.signal }).catch(() => 'late');
  const socket = await Promise.race([opening, late]).finally(() => limit.abort());
  if (typeof socket === 'string') throw noAnswer(connection.where.server, deadlines.attemptIdleMs);
  socket.on('close', () => closed.resolve(undefined));
  socket.on('error', () => closed.resolve(undefined));
  keepBeating(socket);
  return {
    canCloseChannel: WebSocketHandler.supportsClose(socket.protocol),
    send: (channel, bytes) => socket.send(Buffer.concat([Uint8Array.of(channel), bytes])),
    closeChannel: (channel) => socket.send(Uint8Array.of(CLOSE_CHANNEL, channel)),
    closed: closed.promise,
    close: () => socket.close(),
  };
}

/** The socket's package gives no body with a refusal, only its status. */
function refusalIn(error: unknown): Refusal | undefined {
  const message = typeof error === 'object' && error !== null ? Reflect.get(error, 'message') : undefined;
  const status = /Unexpected server response: (\d{3})/.exec(String(message))?.[1];
  return status === undefined ? undefined : new Refusal(Number(status), '', undefined);
}

function noAnswer(server: string, idleMs: number): Failure {
  return new Failure('unavailable', {
    message: `cannot open a connection to a pod: ${server} did not answer for ${idleMs / 1000} s`,
    remedy: 'Look whether the API server can be reached from here, by WebSockets as well, then try again.',
  });
}

/** A socket that closed before its time. */
export function cutOff(what: string): Failure {
  return new Failure('unavailable', {
    message: `cannot ${what}: the connection was cut before the end`,
    remedy: 'Look whether the API server and the node are well, then type the same command again.',
  });
}
