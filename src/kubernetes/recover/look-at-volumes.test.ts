import { expect, it } from 'vitest';

import { REQUIRED } from '../../../tests/support/plan-facts.ts';
import { newestOf, type MemberData } from './look-at-volumes.ts';

function member(
  pod: string,
  timeline: number,
  checkpointLsn: string,
  more: Partial<MemberData['data']> = {},
): MemberData {
  const data = {
    directory: '/data',
    place: 'live',
    id: null,
    systemIdentifier: '7300000000000000001',
    majorVersion: 17,
    timeline,
    controlState: 'shut down',
    isShutDown: true,
    checkpointLsn,
    minRecoveryLsn: '0/0',
    minRecoveryTimeline: 0,
    walLevel: 'replica',
    required: REQUIRED,
    sizeBytes: '1',
    unarchived: [],
    ...more,
  } as const;
  return { pod, data, freeBytes: 0n };
}

it('of members that do not run, the data count that are on the highest timeline, and have come the furthest there', () => {
  const members = [member('db-0', 3, '1/20'), member('db-1', 4, '0/FF'), member('db-2', 4, '1/10')];
  expect(newestOf(members)?.pod).toBe('db-2');
  expect(newestOf([])).toBeUndefined();
});

it('of two at the same checkpoint, the one counts that took writes; and one that was promoted just before it ended', () => {
  const replica = member('db-0', 4, '1/10', { controlState: 'in archive recovery', minRecoveryLsn: '1/30' });
  expect(newestOf([replica, member('db-1', 4, '1/10', { controlState: 'in production' })])?.pod).toBe('db-1');
  const promoted = member('db-2', 4, '1/10', { controlState: 'in production', minRecoveryTimeline: 5 });
  expect(newestOf([member('db-1', 4, '1/40', { controlState: 'in production' }), promoted])?.pod).toBe('db-2');
});
