/**
 * A plan for tests of what is made of plans.
 *
 * @module
 */

import type { VolumePlan } from '../../volume/volume-plan.ts';

/** Just before transaction 701. */
export const volumePlan: VolumePlan = {
  id: '7f3a',
  majorVersion: 17,
  target: {
    asked: 'just before transaction 701',
    timeline: 1,
    lsn: '0/5100000',
    inclusive: false,
    lastKept: { xid: 700, kind: 'commit', timeUs: '1780671731620113', lsn: '0/5000000' },
    firstLost: null,
  },
  replay: {
    fromLsn: '0/2000028',
    segments: 4,
    bytes: '67108864',
    firstSegment: '000000010000000000000002',
    lastSegment: '000000010000000000000005',
    line: [{ timeline: 1, endLsn: '0/5100000' }],
  },
  required: {
    maxConnections: 100,
    maxWorkerProcesses: 8,
    maxWalSenders: 10,
    maxPreparedTransactions: 0,
    maxLocksPerTransaction: 64,
  },
  walLevel: 'replica',
  space: { neededBytes: '1', freeBytes: '2', folder: '/' },
  backup: {
    name: 'base_000000010000000000000002',
    timeline: 1,
    finishedAt: '2026-06-05T10:05:00.000Z',
    compressedBytes: '1',
    uncompressedBytes: '1',
    tablespaces: [],
  },
  systemIdentifier: '7',
  archivedTimelines: [],
  user: 'postgres',
  roles: [{ purpose: 'superuser', user: 'postgres', password: { variable: 'PGPASSWORD_SUPERUSER' } }],
};
