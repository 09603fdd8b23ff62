/**
 * Why there is no token: the credentials are refused, which is final, or who gives tokens is away, which may pass.
 *
 * Neither is an answer of the store's, and neither may be taken for one: a 404 of a metadata server says nothing of a blob.
 *
 * @module
 */

import { Failure, messageOf } from '../../base/failure.ts';
import { isTlsCode, systemCodeOf } from '../network-error.ts';

/** The failure of credentials that were refused, or cannot be used. */
export function noToken(whose: 'application' | 'managed' | 'cli' | 'address', found: string, cause?: unknown): Failure {
  switch (whose) {
    case 'application':
      return new Failure('denied', {
        message: `cannot get a token for Azure: ${found}`,
        remedy: 'Check the tenant, the application (client id) and its secret, certificate or federated token.',
        cause,
      });
    case 'managed':
      return new Failure('denied', {
        message: `cannot get a token for Azure: ${found}`,
        remedy:
          'Give this machine, container or pod an identity in Azure, and check azure-client-id if it is set; or set the key, a SAS token or an application.',
        cause,
      });
    case 'cli':
      return new Failure('denied', {
        message: `cannot get a token for Azure: ${found}`,
        remedy: 'Log in with "az login", or set the key, a SAS token or an application.',
        cause,
      });
    case 'address':
      return new Failure('denied', {
        message: `cannot get a token for Azure: ${found}`,
        remedy: 'Check AZURE_AUTHORITY_HOST, IDENTITY_ENDPOINT and AZURE_POD_IDENTITY_AUTHORITY_HOST.',
        cause,
      });
  }
}

/** Who gives tokens cannot be reached, or cannot give one now. */
export class TokenGiverAway extends Error {
  override readonly name = 'TokenGiverAway';
  /** The host that was asked. */
  readonly host: string;
  /** The `Retry-After` of its answer. */
  readonly retryAfter: string | undefined;
  /** The system's code if there was no answer at all: `ECONNREFUSED`. */
  readonly systemCode: string | undefined;

  constructor(host: string, found: string, cause: unknown, retryAfter?: string) {
    super(`cannot get a token for Azure from ${host}: ${found}`, { cause });
    this.host = host;
    this.retryAfter = retryAfter;
    this.systemCode = systemCodeOf(cause);
  }
}

/** What a request that got no answer is. @returns a {@link TokenGiverAway}, or what was thrown if the caller gave up. */
export function unansweredBy(host: string, thrown: unknown): unknown {
  const code = systemCodeOf(thrown);
  if (code === undefined || code === 'ABORT_ERR' || thrown instanceof Failure) return thrown;
  if (!isTlsCode(code)) return new TokenGiverAway(host, `${code}: ${messageOf(thrown)}`, thrown);
  return new Failure('usage', {
    message: `cannot get a token for Azure from ${host}: ${code}: ${messageOf(thrown)}`,
    remedy: "Give the certificate authority's file (azure-ca-file), or check AZURE_AUTHORITY_HOST.",
    cause: thrown,
  });
}
