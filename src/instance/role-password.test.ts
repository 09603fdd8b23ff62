import { describe, expect, it } from 'vitest';

import { isVerifierOf, newVerifierLike, scramVerifier } from './role-password.ts';

/** What PostgreSQL 17.10 made of CREATE ROLE … PASSWORD, with each password_encryption. */
const OF_SECRET =
  'SCRAM-SHA-256$4096:0CCj1F1pUQRGlmex4TCdzA==$OrXxU5kTS7FgobTCxu9EkeYDr4iYAi53/4w4IenF7Xk=:0m4Wi/CNk06WOklb/MPU80SW5epyCRgiAsvsmw9Oe5w=';
const OF_ACCENTS =
  'SCRAM-SHA-256$4096:u+T3E60MYVCklYnzWBDXQg==$2FqPvRFp9xl5L11WS97BJIWyDvvgXY0R5Lcovdo9+ug=:PK6GjGYOlPMOX6S3eLDIjra0I/Lpq3GUFlfHWfRovKQ=';
const MD5_OF_SECRET_OF_M = 'md5b52328d7451bfeace80c4b8c338106f9';

describe('the verifier that a server keeps', () => {
  it.each([
    [OF_SECRET, 'r', 'secret', true],
    [OF_SECRET, 'r', 'Secret', false],
    [OF_ACCENTS, 'u', 'pässwörd½', true],
    [MD5_OF_SECRET_OF_M, 'm', 'secret', true],
    [MD5_OF_SECRET_OF_M, 'r', 'secret', false],
    ['SCRAM-SHA-256$4096:AA==$AA==:AA==', 'r', 'secret', false],
    ['', 'r', 'secret', false],
  ])('%s of %s is of %j: %s', (verifier, user, password, isOne) => {
    expect(isVerifierOf(verifier, user, password)).toBe(isOne);
  });
});

describe('a new verifier', () => {
  it('is one of its password, with a salt of its own', () => {
    const [one, other] = [scramVerifier('secret'), scramVerifier('secret')];
    expect(isVerifierOf(one, 'r', 'secret')).toBe(true);
    expect(one).not.toBe(other);
  });

  it('is of the kind of the old one, which clients may depend on', () => {
    expect(newVerifierLike('md5000', 'm', 'secret')).toBe(MD5_OF_SECRET_OF_M);
    expect(newVerifierLike(undefined, 'm', 'secret')).toMatch(/^SCRAM-SHA-256/);
  });
});
