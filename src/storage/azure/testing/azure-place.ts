/**
 * A folder and a server that gives tokens, credentials of each kind for it, and archives that are opened by them.
 *
 * @module
 */

import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { ObjectStore } from '../../object-store.ts';
import type { AzureApplicationProof, AzureCredentials, AzureLocation } from '../azure-location.ts';
import { openAzureStore } from '../azure-store.ts';
import type { TokenCredentials } from '../token-source.ts';
import { ARC_KEY, AzureTokens, CLIENT, CLIENT_SECRET, TENANT } from './azure-tokens.ts';

/** The place. Disposing closes all that was opened, and removes the folder. */
export class AzurePlace implements AsyncDisposable {
  readonly tokens: AzureTokens;
  /** To be the `PATH`, for {@link az} to be found, or not. */
  readonly folder: string;
  readonly #opened: ObjectStore[] = [];

  private constructor(tokens: AzureTokens, folder: string) {
    this.tokens = tokens;
    this.folder = folder;
  }

  static async make(): Promise<AzurePlace> {
    return new AzurePlace(await AzureTokens.start(), await mkdtemp(join(tmpdir(), 'walkback-azure-')));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const store of this.#opened) await store.close?.();
    await this.tokens[Symbol.asyncDispose]();
    await rm(this.folder, { recursive: true, force: true });
  }

  async open(
    credentials: readonly AzureCredentials[],
    more: Partial<AzureLocation> = {},
    callMs = 10_000,
  ): Promise<ObjectStore> {
    const container = { kind: 'azure', account: 'account', container: 'c', prefix: '' } as const;
    const endpoint = `${this.tokens.endpoint}/account`;
    const location = { ...container, endpoint, credentials, ...more };
    const store = await openAzureStore(location, { attemptIdleMs: 5_000, callMs });
    this.#opened.push(store);
    return store;
  }

  async file(name: string, content: string): Promise<string> {
    const path = join(this.folder, name);
    await writeFile(path, content);
    return path;
  }

  application(proof: AzureApplicationProof, authority = this.tokens.endpoint): TokenCredentials {
    return { kind: 'application', tenantId: TENANT, clientId: CLIENT, proof, authority };
  }

  secret(secret = CLIENT_SECRET): TokenCredentials {
    return this.application({ kind: 'secret', secret });
  }

  /** An application with these pieces of PEM in its file. */
  async certificate(...pems: readonly string[]): Promise<TokenCredentials> {
    return this.application({ kind: 'certificate', file: await this.file('application.pem', pems.join('')) });
  }

  async federatedToken(token: string): Promise<TokenCredentials> {
    return this.application({ kind: 'federatedToken', file: await this.file('token', token) });
  }

  machine(clientId?: string): TokenCredentials {
    const which = clientId === undefined ? {} : { clientId };
    return { kind: 'managed', metadataHost: this.tokens.endpoint, ...which };
  }

  appService(endpointHeader: string): TokenCredentials {
    return { kind: 'managed', endpoint: `${this.tokens.endpoint}/msi/token`, endpointHeader };
  }

  async arc(key = ARC_KEY, name = 'a.key', arcKeyFolder = this.folder): Promise<TokenCredentials> {
    this.tokens.arcKeyFile = await this.file(name, `${key}\n`);
    return { kind: 'managed', endpoint: `${this.tokens.endpoint}/arc/token`, arcKeyFolder };
  }

  /** The program `az`, which here is a script. */
  async az(script: string): Promise<TokenCredentials> {
    await chmod(await this.file('az', `#!/bin/sh\n${script}\n`), 0o755);
    return { kind: 'cli' };
  }
}
