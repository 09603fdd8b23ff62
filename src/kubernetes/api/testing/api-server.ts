/**
 * A server that answers as an API server does, by a script: for the bad days that a real one cannot be asked for.
 *
 * @module
 */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { StoreDeadlines } from '../../../storage/deadlines.ts';
import type { KubernetesApi } from '../kubernetes-api.ts';
import { openKubernetesApi } from '../open.ts';

/** What came. */
export interface Received {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: unknown;
}

/** Answers a request; returning nothing, it has answered itself. */
export type Answer = (received: Received, response: ServerResponse) => unknown;

/** A server, and an API that talks to it with the token in its kubeconfig. */
export interface ScriptedServer extends AsyncDisposable {
  readonly api: KubernetesApi;
  readonly received: Received[];
  /** Writes the kubeconfig again: another login. */
  logIn(token: string): Promise<void>;
}

/** A `Status` of the API, as an answer. */
export function refuse(
  response: ServerResponse,
  code: number,
  reason: string,
  message: string,
  retryAfter?: string,
): void {
  response.writeHead(code, {
    'content-type': 'application/json',
    ...(retryAfter === undefined ? {} : { 'retry-after': retryAfter }),
  });
  response.end(JSON.stringify({ kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason, message }));
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const text = Buffer.concat(await Array.fromAsync(request as AsyncIterable<Buffer>)).toString('utf8');
  return text === '' ? undefined : JSON.parse(text);
}

function kubeconfigOf(server: string, token: string): string {
  return JSON.stringify({
    'current-context': 'here',
    clusters: [{ name: 'scripted', cluster: { server } }],
    users: [{ name: 'ann', user: { token } }],
    contexts: [{ name: 'here', context: { cluster: 'scripted', user: 'ann', namespace: 'shop' } }],
  });
}

/** Starts one. */
export async function startScriptedServer(answer: Answer, deadlines: StoreDeadlines): Promise<ScriptedServer> {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    void bodyOf(request).then(async (body) => {
      const one = { method: request.method ?? '', path: request.url ?? '', headers: request.headers, body };
      received.push(one);
      const value = await answer(one, response);
      if (value === undefined) return;
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify(value));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('a server without a port');
  const directory = await mkdtemp(join(tmpdir(), 'kubeconfig-'));
  const file = join(directory, 'config');
  const logIn = async (token: string): Promise<void> =>
    writeFile(file, kubeconfigOf(`http://127.0.0.1:${address.port}`, token));
  await logIn('first');
  const api = await openKubernetesApi({ files: file }, deadlines);
  return {
    api,
    received,
    logIn,
    async [Symbol.asyncDispose]() {
      await api[Symbol.asyncDispose]();
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
      await rm(directory, { recursive: true });
    },
  };
}
