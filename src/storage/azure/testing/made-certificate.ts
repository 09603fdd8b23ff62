/**
 * A certificate that signs itself, made in memory: Node reads them and makes none.
 *
 * Source: RFC 5280 section 4.1; X.690 (DER).
 *
 * @module
 */

import { createHash, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';

/** A certificate, its key, and what they are known by. */
export interface MadeCertificate {
  readonly certificatePem: string;
  readonly keyPem: string;
  readonly publicKey: KeyObject;
  /** As `x5t#S256` in the head of a signed statement. */
  readonly sha256: string;
}

function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const head = length < 128 ? [tag, length] : [tag, 0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from(head), content]);
}

const sequence = (...parts: readonly Uint8Array[]): Buffer => der(0x30, ...parts);
const number = (value: number): Buffer => der(0x02, Buffer.from([value]));
const utcTime = (text: string): Buffer => der(0x17, Buffer.from(text));

const SHA256_WITH_RSA = sequence(der(0x06, Buffer.from('2a864886f70d01010b', 'hex')), der(0x05));
const COMMON_NAME = der(0x06, Buffer.from('550403', 'hex'));

/** Makes one with a new RSA key. */
export function makeCertificate(): MadeCertificate {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const name = sequence(der(0x31, sequence(COMMON_NAME, der(0x0c, Buffer.from('walkback test')))));
  const content = sequence(
    der(0xa0, number(2)),
    number(1),
    SHA256_WITH_RSA,
    name,
    sequence(utcTime('200101000000Z'), utcTime('490101000000Z')),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
  );
  const signature = sign('sha256', content, privateKey);
  const raw = sequence(content, SHA256_WITH_RSA, der(0x03, Buffer.from([0]), signature));
  return {
    certificatePem: `-----BEGIN CERTIFICATE-----\n${raw.toString('base64')}\n-----END CERTIFICATE-----\n`,
    keyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    publicKey,
    sha256: createHash('sha256').update(raw).digest('base64url'),
  };
}
