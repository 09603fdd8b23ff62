import { describe, expect, it } from 'vitest';

import { behindCommand } from './leading-flags.ts';

describe('flags before the command', () => {
  it.each([
    ['--via https://a:1 recover run 7f3a --yes', 'recover run 7f3a --via https://a:1 --yes'],
    ['--via=https://a:1 --via https://b:1 status', 'status --via=https://a:1 --via https://b:1'],
    ['--via https://a:1 --env-dir /e log --json', 'log --via https://a:1 --env-dir /e --json'],
    ['recover run --via https://a:1', 'recover run --via https://a:1'],
    ['--json status', '--json status'],
    ['--via', '--via'],
  ])('%s is %s', (given, meant) => {
    expect(behindCommand(given.split(' ')).join(' ')).toBe(meant);
  });
});
