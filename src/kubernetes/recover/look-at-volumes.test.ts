import { expect, it } from 'vitest';

import { newestOf, type MemberData } from './look-at-volumes.ts';

const NOTHING = {
  maxConnections: 1,
  maxWorkerProcesses: 0,
  maxWalSenders: 0,
  maxPreparedTransactions: 0,
  maxLocksPerTransaction: 10,
};

function member(pod: string, timeline: number, checkpointLsn: string): MemberData {
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
    walLevel: 'replica',
    required: NOTHING,
    sizeBytes: '1',
    unarchived: [],
  } as const;
  return { pod, data, freeBytes: 0n };
}

it('of members that do not run, the data count that are on the highest timeline, and have come the furthest there', () => {
  const members = [member('db-0', 3, '1/20'), member('db-1', 4, '0/FF'), member('db-2', 4, '1/10')];
  expect(newestOf(members)?.pod).toBe('db-2');
  expect(newestOf([])).toBeUndefined();
});
