import { createHmac, randomBytes } from 'node:crypto';

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { fingerprintOf, keyTypeOf, knownKeysOf, verdictOf } from './known-hosts.ts';

function blobOf(seed: string): Buffer {
  const type = Buffer.from('ssh-ed25519');
  const length = Buffer.alloc(4);
  length.writeUInt32BE(type.byteLength);
  return Buffer.concat([length, type, Buffer.from(seed)]);
}

const KEY = blobOf('the key');
const OTHER = blobOf('another key');
const line = (names: string, blob = KEY): string => `${names} ssh-ed25519 ${blob.toString('base64')} a comment`;

function hashed(name: string): string {
  const salt = randomBytes(20);
  const sum = createHmac('sha1', salt).update(name).digest('base64');
  return `|1|${salt.toString('base64')}|${sum}`;
}

function verdict(text: string, host = 'backup.example', port = 22): string {
  return verdictOf(knownKeysOf(text, host, port), KEY);
}

describe('a file of known hosts', () => {
  it.each([
    ['by its name', line('backup.example')],
    ['by its name in other letters', line('BACKUP.example')],
    ['among other names', line('one,backup.example,10.0.0.1')],
    ['by a pattern', line('*.example')],
    ['by a pattern for one letter', line('backup.exampl?')],
    ['by a hashed name', line(hashed('backup.example'))],
    ['after lines that are none', `# a comment\n\nnonsense\n|1|x|y ssh-rsa AAAA\n${line('backup.example')}\r\n`],
    ['beside another key of the same host', `${line('backup.example', OTHER)}\n${line('backup.example')}`],
  ])('knows a host %s', (_how, text) => {
    expect(verdict(text)).toBe('known');
  });

  it.each([
    ['under another name', line('backup.example.net')],
    ['under a name that a pattern takes out', line('*.example,!backup.example')],
    ['whose dots are no pattern', line('backupxexample')],
    ['by another hashed name', line(hashed('backup.example.net'))],
    ['as the authority of certificates only', `@cert-authority ${line('backup.example')}`],
    ['at another port', line('[backup.example]:2222')],
    ['in a comment', `# ${line('backup.example')}`],
    ['in an empty file', ''],
  ])('does not know one %s', (_how, text) => {
    expect(verdict(text)).toBe('unknown');
  });

  it('knows hosts at other ports than 22 by name and port', () => {
    expect(verdict(line('[backup.example]:2222'), 'backup.example', 2222)).toBe('known');
    expect(verdict(line('backup.example'), 'backup.example', 2222)).toBe('unknown');
    expect(verdict(line(hashed('[::1]:2222')), '::1', 2222)).toBe('known');
  });

  it('tells a key that has changed, or was revoked, from one that is not known', () => {
    expect(verdict(line('backup.example', OTHER))).toBe('changed');
    expect(verdict(`${line('backup.example')}\n@revoked ${line('*')}`)).toBe('revoked');
    expect(verdict(`@revoked ${line('*', OTHER)}`)).toBe('unknown');
  });

  it('is read whatever it holds', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(['known', 'unknown', 'changed', 'revoked']).toContain(verdict(text));
      }),
    );
  });
});

describe('the key of a host', () => {
  it('is shown by its fingerprint and type, as ssh-keygen does', () => {
    expect(fingerprintOf(KEY)).toMatch(/^SHA256:[A-Za-z0-9+/]{43}$/);
    expect(keyTypeOf(KEY)).toBe('ssh-ed25519');
  });

  it.each([[Buffer.alloc(0)], [Buffer.from([0, 0, 0, 9, 1])], [Buffer.from([255, 255, 255, 255])]])(
    'may be anything: %j',
    (blob) => {
      expect(keyTypeOf(blob)).toBe('unknown');
    },
  );
});
