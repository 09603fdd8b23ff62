import { describe, expect, it } from 'vitest';

import { libsodiumKey, trimmedKeyFile, type KeyTransform } from './libsodium-key.ts';

const HEX = '6f1f9c0d3a5be27784c1d2e3f405162738495a6b7c8d9eaf00112233445566aa';
const BASE64 = Buffer.from(HEX, 'hex').toString('base64');
const keyOf = (text: string, transform?: KeyTransform) =>
  libsodiumKey({ given: Buffer.from(text), transform, source: 'WALG_LIBSODIUM_KEY' });

describe('a libsodium key', () => {
  it('is decoded from hex and base64, or taken as it is', () => {
    expect(keyOf(HEX, 'hex').toString('hex')).toBe(HEX);
    expect(keyOf(BASE64, 'base64').toString('hex')).toBe(HEX);
    expect(keyOf('a key of thirty-two characters..').toString()).toBe('a key of thirty-two characters..');
  });

  it('is filled with zeros or cut as WAL-G does, where that was asked for', () => {
    expect(keyOf('x'.repeat(25), 'none')).toEqual(Buffer.concat([Buffer.from('x'.repeat(25)), Buffer.alloc(7)]));
    expect(keyOf(`${'y'.repeat(32)}zzz`, 'none').toString()).toBe('y'.repeat(32));
    expect(keyOf(BASE64, 'none').toString()).toBe(BASE64.slice(0, 32));
  });

  it.each<[string, string, KeyTransform | undefined, string]>([
    ['empty text', '', undefined, 'it is empty'],
    ['a short text', 'x'.repeat(24), 'none', 'it has 24 bytes'],
    ['hex without a transform', HEX, undefined, 'it is hex text, and WALG_LIBSODIUM_KEY_TRANSFORM is not set'],
    ['base64 without a transform', BASE64, undefined, 'it is base64 text, and WALG_LIBSODIUM_KEY_TRANSFORM'],
    ['base64 taken for hex', BASE64, 'hex', 'it is not 64 hexadecimal digits'],
    ['hex taken for base64', HEX, 'base64', 'it is not base64 of 32 bytes'],
    ['base64 of 31 bytes', Buffer.alloc(31).toString('base64'), 'base64', 'it is not base64 of 32 bytes'],
    ['base64 without its padding', BASE64.slice(0, -1), 'base64', 'it is not base64 of 32 bytes'],
  ])('is not %s', (_, text, transform, found) => {
    expect(() => keyOf(text, transform)).toThrow(
      expect.objectContaining({
        kind: 'usage',
        message: expect.stringContaining(`cannot use the key in WALG_LIBSODIUM_KEY: ${found}`),
      }),
    );
  });

  it('is never shown', () => {
    for (const transform of ['hex', 'base64', undefined] as const) {
      const text = `${HEX}-secret`.slice(0, 30).slice(0, transform === undefined ? 20 : 30);
      expect(() => keyOf(text, transform)).toThrow(
        expect.not.objectContaining({ message: expect.stringContaining(text) }),
      );
    }
  });

  it('from a file is without the white space around it, and otherwise byte for byte', () => {
    expect(trimmedKeyFile(Buffer.from('  key\r\n\n')).toString()).toBe('key');
    const binary = Buffer.from('0a00ff80fe20c2a00d', 'hex');
    expect(trimmedKeyFile(binary).toString('hex')).toBe('00ff80fe');
    expect(trimmedKeyFile(Buffer.from([0xc2, 0x41]))).toHaveLength(2);
  });
});
