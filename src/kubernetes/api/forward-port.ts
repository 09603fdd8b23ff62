/**
 * A port of a pod, on this machine's loopback.
 *
 * @module
 */

import { createServer, type Socket } from 'node:net';

import type { ApiSession } from './api-session.ts';
import type { ForwardedPort } from './kubernetes-api.ts';
import type { ObjectPaths } from './object-paths.ts';
import { openPodSocket, type PodSocket } from './pod-socket.ts';
import type { Asked } from './server-answer.ts';

const DATA_CHANNEL = 0;
const ERROR_CHANNEL = 1;
/** Each channel begins with the number of the port. */
const PORT_BYTES = 2;

/** Opens a port; every connection to it is one socket to the pod. */
export async function forwardPort(
  session: ApiSession,
  paths: ObjectPaths,
  pod: string,
  port: number,
): Promise<ForwardedPort> {
  const { asked, path } = await paths.object({ apiVersion: 'v1', kind: 'Pod', name: pod }, 'create', 'portforward');
  await session.untilMayChange(asked);
  const url = `${path}?ports=${port}`;
  // Once, now: a right that is missing is said here, and not to whoever connects.
  (await openPodSocket(session, asked, url, () => {})).close();
  const open = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (client) => {
    open.add(client);
    client.once('close', () => open.delete(client));
    client.on('error', () => client.destroy());
    carry(session, asked, url, client).catch(() => client.destroy());
  });
  const { promise, resolve, reject } = Promise.withResolvers<undefined>();
  server.once('error', reject);
  server.listen({ host: '127.0.0.1', port: 0 }, () => resolve(undefined));
  await promise;
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('a server without a port');
  return {
    port: address.port,
    async [Symbol.asyncDispose]() {
      for (const client of open) client.destroy();
      await new Promise<void>((done) => server.close(() => done()));
    },
  };
}

async function carry(session: ApiSession, asked: Asked, url: string, client: Socket): Promise<void> {
  client.pause();
  const skipped = new Map([
    [DATA_CHANNEL, PORT_BYTES],
    [ERROR_CHANNEL, PORT_BYTES],
  ]);
  const socket: PodSocket = await openPodSocket(session, asked, url, (channel, bytes) => {
    const skip = Math.min(skipped.get(channel) ?? 0, bytes.byteLength);
    skipped.set(channel, (skipped.get(channel) ?? 0) - skip);
    const rest = bytes.subarray(skip);
    if (rest.byteLength === 0) return;
    if (channel === DATA_CHANNEL) client.write(rest);
    // The pod refused the connection, or lost it.
    else client.destroy();
  });
  client.on('data', (bytes: Buffer) => socket.send(DATA_CHANNEL, bytes));
  client.once('close', () => socket.close());
  client.once('end', () => socket.close());
  client.resume();
  await socket.closed;
  client.end();
  client.destroySoon();
}
