/**
 * A proxy as organisations have them between their servers and the world: requests for http go through it whole, for
 * https as tunnels.
 *
 * @module
 */

import { once } from 'node:events';
import { createServer, request as sendRequest, type Server } from 'node:http';
import { connect, type Socket } from 'node:net';

import { freePort } from './programs.ts';

/** The proxy. Disposing closes it. */
export class ForwardProxy implements AsyncDisposable {
  readonly url: string;
  requestCount = 0;
  tunnelCount = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(port: number, names: ReadonlyMap<string, number>) {
    this.url = `http://127.0.0.1:${port}`;
    this.#server = createServer((incoming, outgoing) => {
      this.requestCount += 1;
      const sent = sendRequest(incoming.url ?? '', { method: incoming.method, headers: incoming.headers }, (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(outgoing);
      });
      sent.on('error', () => outgoing.destroy());
      incoming.pipe(sent);
    });
    this.#server.on('connect', (request, socket: Socket, head: Buffer) => {
      this.tunnelCount += 1;
      const [host = '', hostPort = ''] = (request.url ?? '').split(':');
      const named = names.get(host);
      const [to, toPort] = named === undefined ? [host, Number(hostPort)] : ['127.0.0.1', named];
      const tunnel = connect(toPort, to, () => {
        socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
        tunnel.write(head);
        tunnel.pipe(socket).pipe(tunnel);
      });
      for (const end of [tunnel, socket]) {
        this.#sockets.add(end);
        end.on('error', () => {});
        end.on('close', () => this.#sockets.delete(end));
      }
    });
  }

  /** @param names hosts that no resolver knows, and the port of this machine that each is on. */
  static async start(names: ReadonlyMap<string, number> = new Map()): Promise<ForwardProxy> {
    const port = await freePort();
    const proxy = new ForwardProxy(port, names);
    proxy.#server.listen(port, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }
}
