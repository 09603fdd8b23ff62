import { describe, expect, it } from 'vitest';

import {
  agoUs,
  archive,
  away,
  NOW_US,
  running,
  timeline,
  well,
  withHole,
} from '../../../tests/support/protected-cluster.ts';
import type { Protection } from '../../app/read-protection.ts';
import { jsonText } from './json-text.ts';
import { protectionNumbers, type ProtectionNumbers } from './status-numbers.ts';

const numbers = (changed: Partial<Protection> = {}): ProtectionNumbers =>
  protectionNumbers({ ...well, ...changed }, NOW_US);

const unknownArchive = {
  reach: { newestAgeSeconds: null, oldestAgeSeconds: null },
  backup: { lastAgeSeconds: null, count: null },
  holes: { count: null, missingSegments: null },
};

describe('the numbers for monitoring', () => {
  it('are JSON numbers, all of them, of a cluster that is well protected', () => {
    expect(JSON.parse(jsonText(numbers()))).toEqual({
      archiver: { lagSeconds: 0, lagSegments: 0 },
      reach: { newestAgeSeconds: 38, oldestAgeSeconds: 31_065 },
      backup: { lastAgeSeconds: 31_065, count: 1 },
      holes: { count: 0, missingSegments: 0 },
      agent: { isAlive: true, lastSignAgeSeconds: 1 },
      disk: { freeBytes: 68_719_476_736, totalBytes: 107_374_182_400 },
      recovery: { underWayCount: 0, keepingDataCount: 0 },
    });
  });

  it('are null where nobody could look, and not left out', () => {
    const unknown = numbers({
      archive: away,
      archiver: away,
      waiting: undefined,
      agentSeenUs: undefined,
      disk: undefined,
      live: undefined,
      recoveries: undefined,
    });
    expect(JSON.parse(jsonText(unknown))).toEqual({
      archiver: { lagSeconds: null, lagSegments: null },
      ...unknownArchive,
      agent: { isAlive: null, lastSignAgeSeconds: null },
      disk: { freeBytes: null, totalBytes: null },
      recovery: { underWayCount: null, keepingDataCount: null },
    });
  });

  it('say of another server’s archive nothing', () => {
    expect(numbers({ live: { ...running, systemIdentifier: 2n } })).toMatchObject(unknownArchive);
  });

  it('are of the archive where the data directory cannot be read', () => {
    expect(numbers({ live: away }).reach.newestAgeSeconds).toBe(38);
  });

  it('have no age where there is nothing: neither backup nor reach', () => {
    const empty = { ...archive, backups: [], timelines: [{ ...timeline, windows: [] }] };
    expect(numbers({ archive: empty })).toMatchObject({
      reach: { newestAgeSeconds: null, oldestAgeSeconds: null },
      backup: { lastAgeSeconds: null, count: 0 },
    });
  });

  it('count segments that wait, not history files, and from the oldest of both', () => {
    const waiting = { count: 4, segmentCount: 3, oldestUs: agoUs(90) };
    expect(numbers({ waiting }).archiver).toEqual({ lagSeconds: 90, lagSegments: 3 });
  });

  it('count holes, and segments in them', () => {
    expect(numbers(withHole(0x6000000n)).holes).toEqual({ count: 1, missingSegments: 2 });
  });

  it('tell an agent that fell silent from none at all', () => {
    expect(numbers({ agentSeenUs: agoUs(30) }).agent).toEqual({ isAlive: false, lastSignAgeSeconds: 30 });
    expect(numbers({ agentSeenUs: undefined }).agent).toEqual({ isAlive: false, lastSignAgeSeconds: null });
  });

  it('tell recoveries under way from those that keep data alone', () => {
    const recoveries = [
      { id: '7f3a', state: 'recovered' },
      { id: 'cccd', state: 'standing' },
      { id: '1e00', state: 'cuttingOver' },
    ] as const;
    expect(numbers({ recoveries }).recovery).toEqual({ underWayCount: 2, keepingDataCount: 1 });
    expect(numbers({ recoveries: away }).recovery).toEqual({ underWayCount: null, keepingDataCount: null });
  });
});
