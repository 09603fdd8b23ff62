import { describe, expect, it } from 'vitest';

import { parseChecks } from './carried-checks.ts';

describe('checks that a Job is to run', () => {
  const checks = { checks: [{ name: 'orders', sql: 'select true' }], database: 'shop', isWritable: true };

  it('are read as they were written', () => {
    expect(parseChecks(JSON.stringify(checks), '7f3a')).toEqual(checks);
  });

  it.each(['null', '{}', '{"checks":[{"name":1}],"database":"shop"}'])('%s is refused', (text) => {
    expect(() => parseChecks(text, '7f3a')).toThrow(/walkback-recovery-7f3a-checks/);
  });
});
