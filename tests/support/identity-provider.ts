/**
 * Who vouches for pods, as a Kubernetes or a cloud does for its own: tokens (JWT) that are signed with its key, and the pages by which
 * a store's token service checks them.
 *
 * Source: OpenID Connect Discovery 1.0, RFC 7517 (keys), RFC 7519 (tokens).
 *
 * @module
 */

import { createSign, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';

import { freePort } from './programs.ts';

const KEY_ID = 'one';

const inBase64 = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** What a token says beside who it is of. */
export interface TokenClaims {
  /** What its bearer may do: the policy of MinIO by this name. */
  readonly policy: string;
  /** Seconds that it is good for from now on; below 0 for one that has ended. */
  readonly lifetimeS?: number;
}

/** The provider. Disposing closes it. */
export class IdentityProvider implements AsyncDisposable {
  /** Whom tokens are for. */
  readonly audience = 'sts.walkback.test';
  readonly configUrl: string;
  readonly #issuer: string;
  readonly #keys = generateKeyPairSync('rsa', { modulusLength: 2048 });
  readonly #server: Server;

  private constructor(port: number) {
    this.#issuer = `http://127.0.0.1:${port}`;
    this.configUrl = `${this.#issuer}/.well-known/openid-configuration`;
    this.#server = createServer(({ url }, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify(url === '/keys' ? this.#publicKeys() : this.#discovery()));
    });
  }

  static async start(): Promise<IdentityProvider> {
    const port = await freePort();
    const provider = new IdentityProvider(port);
    provider.#server.listen(port, '127.0.0.1');
    await once(provider.#server, 'listening');
    return provider;
  }

  /** A token of a pod. @param key whose signature it has, if not the provider's own. */
  token({ policy, lifetimeS = 3600 }: TokenClaims, key: KeyObject = this.#keys.privateKey): string {
    const nowS = Math.floor(Date.now() / 1000);
    const claims = {
      iss: this.#issuer,
      sub: 'system:serviceaccount:shop:backup',
      aud: this.audience,
      iat: nowS,
      exp: nowS + lifetimeS,
      policy,
    };
    const signed = `${inBase64({ alg: 'RS256', typ: 'JWT', kid: KEY_ID })}.${inBase64(claims)}`;
    return `${signed}.${createSign('RSA-SHA256').update(signed).sign(key).toString('base64url')}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  #discovery(): object {
    return {
      issuer: this.#issuer,
      jwks_uri: `${this.#issuer}/keys`,
      authorization_endpoint: `${this.#issuer}/authorize`,
      response_types_supported: ['id_token'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['RS256'],
    };
  }

  #publicKeys(): object {
    const key = this.#keys.publicKey.export({ format: 'jwk' });
    return { keys: [{ ...key, kid: KEY_ID, use: 'sig', alg: 'RS256' }] };
  }
}
