/**
 * OpenSSH's `known_hosts`: which keys a host is known by.
 *
 * Source: sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT". Names may be patterns, negated, or hashed; `@revoked` keys are never
 * accepted; `@cert-authority` lines are passed over, since host certificates are not spoken here. Lines that are none are
 * passed over as OpenSSH does: a file with one damaged line still knows the other hosts.
 *
 * @module
 */

import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

/** A key that a file says something about for one host. */
export interface KnownKey {
  /** `ssh-ed25519` … */
  readonly type: string;
  /** The key as it goes over the wire. */
  readonly blob: Buffer;
  readonly isRevoked: boolean;
}

/** What a file says of a key that a host presented. */
export type KeyVerdict = 'known' | 'unknown' | 'changed' | 'revoked';

/** The name that a host and port have in the file. */
export function knownHostName(host: string, port: number): string {
  return port === 22 ? host.toLowerCase() : `[${host.toLowerCase()}]:${port}`;
}

function matchesPattern(pattern: string, name: string): boolean {
  const escaped = pattern.toLowerCase().replaceAll(/[.+^${}()|[\]\\]/g, String.raw`\$&`);
  return new RegExp(`^${escaped.replaceAll('*', '.*').replaceAll('?', '.')}$`).test(name);
}

function matchesHash(hashed: string, name: string): boolean {
  const [, salt = '', wanted = ''] = /^\|1\|([A-Za-z0-9+/=]+)\|([A-Za-z0-9+/=]+)$/.exec(hashed) ?? [];
  const actual = createHmac('sha1', Buffer.from(salt, 'base64')).update(name).digest();
  const expected = Buffer.from(wanted, 'base64');
  return actual.byteLength === expected.byteLength && timingSafeEqual(actual, expected);
}

function isNamed(names: string, name: string): boolean {
  if (names.startsWith('|')) return matchesHash(names, name);
  const patterns = names.split(',');
  if (patterns.some((pattern) => pattern.startsWith('!') && matchesPattern(pattern.slice(1), name))) return false;
  return patterns.some((pattern) => !pattern.startsWith('!') && matchesPattern(pattern, name));
}

/** The keys that `text` holds for a host. */
export function knownKeysOf(text: string, host: string, port: number): KnownKey[] {
  const name = knownHostName(host, port);
  return text.split('\n').flatMap((line) => {
    const words = line.trim().split(/[ \t]+/);
    const marker = words[0]?.startsWith('@') === true ? words.shift() : undefined;
    const [names, type, blob] = words;
    if (names === undefined || names.startsWith('#') || type === undefined || blob === undefined) return [];
    if (marker !== undefined && marker !== '@revoked') return [];
    if (!isNamed(names, name)) return [];
    return [{ type, blob: Buffer.from(blob, 'base64'), isRevoked: marker === '@revoked' }];
  });
}

/** What is known of `blob`, the key that a host presented. */
export function verdictOf(known: readonly KnownKey[], blob: Buffer): KeyVerdict {
  const same = known.filter((key) => key.blob.equals(blob));
  if (same.some((key) => key.isRevoked)) return 'revoked';
  if (same.length > 0) return 'known';
  return known.some((key) => !key.isRevoked) ? 'changed' : 'unknown';
}

/** `SHA256:…`, as `ssh-keygen -lf` prints it. */
export function fingerprintOf(blob: Buffer): string {
  return `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`;
}

/** The type that a key says it has; `unknown` if it says none. */
export function keyTypeOf(blob: Buffer): string {
  const lengthBytes = blob.byteLength < 4 ? 0 : blob.readUInt32BE(0);
  const isThere = lengthBytes > 0 && lengthBytes <= 64 && lengthBytes <= blob.byteLength - 4;
  return isThere ? blob.toString('latin1', 4, 4 + lengthBytes) : 'unknown';
}
