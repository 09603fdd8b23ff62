/**
 * What the network and HTTP themselves say of a request that failed, whatever store it went to.
 *
 * @module
 */

import { propertyOf } from '../base/unknown-value.ts';

/** The system's code (`ECONNRESET`) of an error, or of what caused it. */
export function systemCodeOf(error: unknown, depth = 0): string | undefined {
  const code = propertyOf(error, 'code');
  if (typeof code === 'string' && /^E[A-Z_]+$|_/.test(code)) return code;
  const cause = propertyOf(error, 'cause') ?? propertyOf(propertyOf(error, 'errors'), '0');
  return cause === undefined || depth === 4 ? undefined : systemCodeOf(cause, depth + 1);
}

/** True if a system's code says that the connection is refused for what it is, and not for now: a certificate, a protocol. */
export function isTlsCode(code: string | undefined): boolean {
  return /CERT|SSL|TLS|SELF_SIGNED|UNABLE_TO_(?:VERIFY|GET_ISSUER)/.test(code ?? '');
}

/** How long a `Retry-After` header asks to be left alone, in seconds or until a date. @param now for the latter. */
export function retryAfterMs(header: string | undefined, now: Date): number | undefined {
  if (header === undefined) return undefined;
  if (/^\d{1,9}$/.test(header)) return Number(header) * 1000;
  const atMs = Date.parse(header);
  return Number.isNaN(atMs) ? undefined : Math.max(0, atMs - now.getTime());
}
