/**
 * A server of HTTP for tests that listens, with or without TLS.
 *
 * @module
 */

import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';

import type { Certificate } from './certificates.ts';
import { freePort } from './programs.ts';

/** Where it listens. */
export interface ListeningPlace {
  /** An address of this machine; that of the loopback interface unless told. */
  readonly host?: string;
  /** It speaks https by this. */
  readonly certificate?: Certificate;
}

/** Disposing closes it, and whatever is connected. */
export interface Listening extends AsyncDisposable {
  /** `http://127.0.0.1:PORT`, or https. */
  readonly endpoint: string;
}

/** Listens on a free port. */
export async function listen(
  { host = '127.0.0.1', certificate }: ListeningPlace,
  listener: RequestListener,
): Promise<Listening> {
  const port = await freePort();
  const server =
    certificate === undefined
      ? createServer(listener)
      : createTlsServer({ cert: await readFile(certificate.cert), key: await readFile(certificate.key) }, listener);
  server.listen(port, host);
  await once(server, 'listening');
  return {
    endpoint: `${certificate === undefined ? 'http' : 'https'}://${host}:${port}`,
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
