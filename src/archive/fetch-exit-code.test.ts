import { describe, expect, it } from 'vitest';

import type { FailureKind } from '../base/failure.ts';
import { fetchExitCode, type FetchOutcome } from './fetch-exit-code.ts';

const CAUSES: readonly (FailureKind | 'bug')[] = [
  'usage',
  'refused',
  'notInArchive',
  'corrupt',
  'denied',
  'unavailable',
  'conflict',
  'failed',
  'bug',
];
const failures = CAUSES.map((cause): FetchOutcome => ({ kind: 'failed', cause, message: 'x' }));
const hole: FetchOutcome = { kind: 'hole', message: 'x' };

describe('the exit code of a restore_command', () => {
  it.each(['archiveRecovery', 'standby', 'promoted'] as const)('is 0 for a file that was fetched (%s)', (state) => {
    expect(fetchExitCode(state, { kind: 'fetched' })).toBe(0);
  });

  it.each(['archiveRecovery', 'standby', 'promoted'] as const)(
    'is 74 for a file that is proven absent (%s)',
    (state) => {
      expect(fetchExitCode(state, { kind: 'absent' })).toBe(74);
    },
  );

  it('stops archive recovery at a hole', () => {
    expect(fetchExitCode('archiveRecovery', hole)).toBe(202);
  });

  it.each(failures)('stops archive recovery, without looking like a signal or a missing program: %j', (outcome) => {
    const code = fetchExitCode('archiveRecovery', outcome);
    expect(code).toBeGreaterThan(127);
    expect(code).toBeLessThan(256);
    expect(code).not.toBe(143);
  });

  it.each([hole, ...failures])('leaves a replica running, and one that is promoted: %j', (outcome) => {
    for (const state of ['standby', 'promoted'] as const) {
      const code = fetchExitCode(state, outcome);
      expect(code).toBeGreaterThan(0);
      expect(code).toBeLessThan(126);
    }
  });
});
