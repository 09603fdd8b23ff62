import { stripVTControlCharacters } from 'node:util';

import { describe, expect, it } from 'vitest';

import type { LogEnd } from '../../app/log-value.ts';
import { positionBefore, reachOf, type Reach, type ShownTransaction } from '../../app/shown-transaction.ts';
import type { Backup } from '../../backup/backup.ts';
import type { ArchivedWal } from '../../history/archived-wal.ts';
import { lsn } from '../../postgres/lsn.ts';
import { walSegmentSize } from '../../postgres/wal-segment.ts';
import { showJson } from './show-json.ts';
import type { Screen } from './screen.ts';
import { showText } from './show-text.ts';
import { change, definition, relation, screen, transaction } from './testing/logged.ts';

const SEGMENT = 0x100_0000n;

function backup(startLsn: bigint, finishLsn: bigint): Backup {
  const at = new Date('2026-06-05T08:04:00Z');
  return {
    name: 'base_000000030000001F00000010',
    timeline: 3,
    startLsn: lsn(startLsn),
    finishLsn: lsn(finishLsn),
    startedAt: at,
    finishedAt: at,
    modifiedAt: at,
    pgVersionNum: 150_010,
    uncompressedSizeBytes: 1n,
    compressedSizeBytes: 1n,
    isPermanent: false,
    tablespaces: [],
    hostname: 'db',
    dataDirectory: '/data',
  };
}

const yes: Reach = { kind: 'yes', backup: backup(1n, 2n), segmentCount: 212 };

function shown(overrides: Partial<ShownTransaction> = {}): ShownTransaction {
  return {
    one: transaction(601_762, '15:02:11.620', {
      changes: [
        change('orders', {
          relation: relation('orders', { estimatedRows: 50_300 }),
          deleted: 48_211,
          deletedShare: 0.958,
        }),
      ],
    }),
    askedXid: 601_762,
    before: transaction(601_761, '15:00:03.377', { changes: [change('jobs', { updated: 1 })] }),
    after: transaction(601_763, '15:02:13.004', { changes: [change('orders', { inserted: 1 })] }),
    end: undefined,
    reach: { before: yes, after: yes },
    namedTimeline: undefined,
    notes: [],
    ...overrides,
  };
}

const lines = (overrides: Partial<ShownTransaction> = {}, on = screen()) => showText(shown(overrides), on).split('\n');

describe('the screen of one transaction', () => {
  it('says what it did, when, between which others, and how to get to each side', () => {
    expect(lines()).toEqual([
      'Transaction 601762, committed 1 h 39 min ago',
      '  at       2026-06-05 08:02:11.620 America/Vancouver    15:02:11.620 UTC',
      '  did      orders   -48,211   96 % of about 50,300 rows',
      '           (nothing else; 38 MB of WAL)',
      '  where    1F/3A0028D0 to 1F/3C4410F8, timeline 3, database shop',
      '  before   601761, 2 min 8 s earlier  jobs ~1',
      '  after    601763, 1.4 s later  orders +1',
      '  reach    yes, both sides: backup of today 01:04:00, 212 segments, all present',
      '',
      'Look at the moment just before it, beside the running cluster:',
      '    walkback rehearse --before-xid 601762',
      'Take the cluster back to it; the plan says what that loses:',
      '    walkback recover plan --before-xid 601762',
      'Look at the moment just after it:',
      '    walkback rehearse --after-xid 601762',
      'Take the cluster back to that one:',
      '    walkback recover plan --after-xid 601762',
      '',
    ]);
  });

  it('says that it is the last one only where all there is was read', () => {
    expect(lines({ after: undefined, end: { kind: 'endOfArchive', missing: 'x' } })).toContain(
      '  after    it is the last one',
    );
    const hole: LogEnd = {
      kind: 'hole',
      missing: '000000030000001F0000003D',
      resumes: { fileName: '000000030000001F0000003F', index: 0x1f3fn, startLsn: lsn(0x1f_3f000000n) },
    };
    const text = lines({ after: undefined, end: hole });
    expect(text).toContain('  after    not known, reading STOPPED at a hole: 000000030000001F0000003D is');
    expect(text).toContain('           missing, the WAL goes on with 000000030000001F0000003F');
    expect(showJson(shown({ after: undefined, end: hole }))).toMatchObject({
      after: null,
      end: { kind: 'hole', missing: '000000030000001F0000003D', resumes: '000000030000001F0000003F' },
    });
    const stop = { fileName: '000000030000001F0000003D', offsetBytes: 9, lsn: lsn(9n), reason: 'its CRC is wrong' };
    const damaged = lines({ after: undefined, end: { kind: 'damage', stop: { kind: 'damaged', ...stop } } });
    expect(damaged).toContain('  after    not known, reading STOPPED: 000000030000001F0000003D cannot be read');
    expect(damaged).toContain('           behind 0/9: its CRC is wrong');
    const paint: Screen['paint'] = (one) => `\u001b[31m${one}\u001b[0m`;
    const inColour = lines({ after: undefined, end: hole }, screen({ paint })).join('\n');
    expect(stripVTControlCharacters(inColour)).toBe(text.join('\n'));
  });

  it('names the timeline in every line to type where it was asked for', () => {
    expect(lines({ namedTimeline: 2 }).filter((line) => line.startsWith('    walkback'))).toEqual([
      '    walkback rehearse --before-xid 601762 --timeline 2',
      '    walkback recover plan --before-xid 601762 --timeline 2',
      '    walkback rehearse --after-xid 601762 --timeline 2',
      '    walkback recover plan --after-xid 601762 --timeline 2',
    ]);
  });

  it('says where more rows went than were estimated, and never that they were all', () => {
    const orders = relation('orders', { estimatedRows: 100 });
    const one = transaction(700, '15:02:11.620', {
      changes: [change('orders', { relation: orders, deleted: 500, deletedShare: 5 })],
    });
    expect(lines({ one })).toContain('  did      orders   -500   more than its estimate, about 100 rows');
  });

  it('offers no way to a side that cannot be reached, and says why', () => {
    const text = lines({ reach: { before: { kind: 'noBackup' }, after: yes } }).join('\n');
    expect(text).toContain('  reach    no, before it: there is no backup from before it\n           yes, after it: ');
    expect(text).not.toContain('--before-xid');
    expect(text).toContain('--after-xid');
    expect(text).toContain('    walkback window');
  });

  it('names the top transaction of a subtransaction, and all of its numbers', () => {
    const one = transaction(700, '15:02:11.620', { subxids: Array.from({ length: 14 }, (_, index) => 701 + index) });
    const text = lines({ one, askedXid: 703 });
    expect(text[0]).toBe('Transaction 700, committed 1 h 39 min ago (703 is a subtransaction of it)');
    expect(text).toContain('  did      no rows and no definitions (38 MB of WAL)');
    expect(text.find((line) => line.startsWith('  subxids'))).toMatch(/ 712 and 2 more$/);
  });

  it('shows partitions each, and what moved between them', () => {
    const root = relation('orders');
    const one = transaction(700, '15:02:11.620', {
      changes: [
        change('orders_1', { root, deleted: 1, movedOut: 3 }),
        change('orders_2', { root, inserted: 20_000, movedIn: 3 }),
      ],
    });
    expect(lines({ one }).slice(2, 6)).toEqual([
      '  did      orders_1   -1        3 moved to other partitions',
      '           orders_2   +20,000   3 moved here',
      '           (partitions of orders)',
      '           (nothing else; 38 MB of WAL)',
    ]);
  });

  it('gives microseconds where a neighbour committed in the same millisecond', () => {
    const one = transaction(700, '15:02:11.620');
    const text = lines({ one, after: { ...one, xid: 701, timeUs: one.timeUs + 7n } });
    expect(text[1]).toContain('08:02:11.620000');
    expect(text).toContain('  after    701, at the same time  no rows');
  });

  it('has no way to type for one that was rolled back', () => {
    const one = transaction(700, '15:02:11.620', { outcome: 'abort' });
    expect(lines({ one }).join('\n')).not.toContain('walkback re');
  });

  it('is the same as JSON', () => {
    expect(showJson(shown({ after: undefined }))).toMatchObject({
      askedXid: 601_762,
      transaction: { xid: 601_762, changes: [{ table: 'orders', deleted: 48_211 }] },
      before: { xid: 601_761 },
      after: null,
      reach: { before: { kind: 'yes', backup: 'base_000000030000001F00000010', segmentCount: 212 } },
    });
  });
});

describe('the reach of a position', () => {
  const wal = (...ranges: readonly [bigint, bigint][]): ArchivedWal => ({
    systemIdentifier: 1n,
    majorVersion: 15,
    segmentSizeBytes: walSegmentSize(Number(SEGMENT)),
    segments: new Map([[3, ranges.map(([firstIndex, lastIndex]) => ({ firstIndex, lastIndex }))]]),
    historyTimelines: [],
    objectBytes: new Map(),
  });
  const line = { timeline: 3, ancestors: [] };
  const backups = [backup(10n * SEGMENT + 40n, 10n * SEGMENT + 400n)];

  it('is there from the newest backup with WAL that leads to it', () => {
    const reach = reachOf({ wal: wal([8n, 20n]), line, backups }, lsn(12n * SEGMENT + 8n));
    expect(reach).toEqual({ kind: 'yes', backup: backups[0], segmentCount: 3 });
  });

  it.each<[string, ArchivedWal, bigint, Reach['kind']]>([
    ['before the backup has ended', wal([8n, 20n]), 10n * SEGMENT + 399n, 'noBackup'],
    ['behind the archive', wal([8n, 20n]), 21n * SEGMENT + 8n, 'notArchived'],
    ['in a hole', wal([8n, 14n], [18n, 20n]), 16n * SEGMENT, 'hole'],
    ['behind a hole', wal([8n, 14n], [18n, 20n]), 19n * SEGMENT, 'hole'],
  ])('is not there %s', (_where, archived, position, kind) => {
    expect(reachOf({ wal: archived, line, backups }, lsn(position)).kind).toBe(kind);
  });

  it('is asked for where the effects begin', () => {
    const one = transaction(700, '15:02:11.620', { lsn: lsn(900n) });
    expect(positionBefore(one)).toBe(900n);
    expect(positionBefore({ ...one, preparedLsn: lsn(500n) })).toBe(500n);
    expect(positionBefore({ ...one, definitions: [definition('dropDatabase', 'x', { lsn: lsn(400n) })] })).toBe(400n);
  });
});
