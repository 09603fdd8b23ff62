/**
 * An azurite by the name that Azure's accounts have, for a program that knows no other: `https://ACCOUNT.blob.SUFFIX`. The program is
 * told of a proxy, which brings what is meant for that name to a server with its certificate, and that to azurite.
 *
 * @module
 */

import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { connect, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer, type Server } from 'node:tls';

import type { AzureTestServer } from './azurite.ts';
import { TestAuthority } from './certificates.ts';
import { ForwardProxy } from './forward-proxy.ts';

const SUFFIX = 'storage.test';

/** The name. Disposing takes it away. */
export class AzureByName implements AsyncDisposable {
  /** For a program that keeps to the conventions of Go. */
  readonly variables: Readonly<Record<string, string>>;
  readonly #folder: string;
  readonly #server: Server;
  readonly #proxy: ForwardProxy;

  private constructor(server: Server, proxy: ForwardProxy, folder: string, caFile: string) {
    this.#folder = folder;
    this.#server = server;
    this.#proxy = proxy;
    this.variables = { AZURE_ENDPOINT_SUFFIX: SUFFIX, HTTPS_PROXY: proxy.url, SSL_CERT_FILE: caFile };
  }

  static async of({ account, port }: AzureTestServer): Promise<AzureByName> {
    const folder = await mkdtemp(join(tmpdir(), 'walkback-azure-name-'));
    const name = `${account}.blob.${SUFFIX}`;
    const authority = await TestAuthority.make(folder);
    const { cert, key } = await authority.sign('azure', `DNS:${name}`);
    const server = createServer({ cert: await readFile(cert), key: await readFile(key) }, (secure) => {
      const plain = connect(port, '127.0.0.1');
      for (const end of [secure, plain]) end.on('error', () => [secure, plain].forEach((one) => one.destroy()));
      secure.pipe(plain).pipe(secure);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it listens on a port
    const { port: securePort } = server.address() as AddressInfo;
    const proxy = await ForwardProxy.start(new Map([[name, securePort]]));
    return new AzureByName(server, proxy, folder, authority.cert);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#proxy[Symbol.asyncDispose]();
    const closed = once(this.#server, 'close');
    this.#server.close();
    await closed;
    await rm(this.#folder, { recursive: true, force: true });
  }
}
