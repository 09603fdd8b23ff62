import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { isSameToken, readToken, tokenProblem } from './token.ts';

const TOKEN = '8f1d3c5a7e9b0246813579bdf02468ace13579bdf02468ace013579bdf02468a';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'walkback-token-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('a token', () => {
  it('is read from a file of its owner alone', async () => {
    const path = join(folder, 'token');
    await writeFile(path, `${TOKEN}\n`, { mode: 0o600 });
    expect(await readToken(path)).toBe(TOKEN);
    for (const mode of [0o640, 0o604, 0o620]) {
      await chmod(path, mode);
      await expect(readToken(path)).rejects.toMatchObject({ kind: 'denied', remedy: `chmod 600 ${path}` });
    }
  });

  it('is never quoted when it cannot be used', async () => {
    const path = join(folder, 'token');
    await writeFile(path, 'correct horse battery staple, as they say, and some more', { mode: 0o600 });
    const error: unknown = await readToken(path).catch((found: unknown) => found);
    expect(error).toMatchObject({ kind: 'denied', remedy: expect.stringContaining('openssl rand -hex 32') });
    expect(String(error)).not.toContain('horse');
  });

  it.each([
    [TOKEN.slice(0, 42), /shorter/],
    ['', /shorter/],
    ['a'.repeat(64), /not random/],
    ['x'.repeat(600), /longer/],
    [`${TOKEN} ${TOKEN}`, /more than letters/],
    [TOKEN, undefined],
    ['Vh2v8hIW2bWcQh9mJk3v5pY1w0Zr7tXe6uNq4sLdOaE', undefined],
  ])('%j has what problem', (token, problem) => {
    if (problem === undefined) expect(tokenProblem(token)).toBeUndefined();
    else expect(tokenProblem(token)).toMatch(problem);
  });

  it('is the same only if every letter is', () => {
    expect(isSameToken(TOKEN, TOKEN)).toBe(true);
    for (const other of ['', TOKEN.slice(1), `${TOKEN}0`, TOKEN.toUpperCase()]) {
      expect(isSameToken(other, TOKEN)).toBe(false);
    }
  });
});
