import { describe, expect, it } from 'vitest';

import { openArchive } from '../../app/open-archive.ts';
import { readArchiveWindows, type ArchiveWindows } from '../../app/read-archive-windows.ts';
import type { Backup } from '../../backup/backup.ts';
import { loadSettings } from '../../config/load-settings.ts';
import type { Hole, Window } from '../../history/window.ts';
import { lsn } from '../../postgres/lsn.ts';
import type { TransactionEnd } from '../../postgres/recovery-target.ts';
import type { Screen } from './screen.ts';
import { windowsJson, windowsText } from './windows-text.ts';

const us = (text: string): bigint => BigInt(Date.parse(text)) * 1000n;

function screen(overrides: Partial<Screen> = {}): Screen {
  return {
    columns: 80,
    isTerminal: false,
    hasUnicode: true,
    zone: 'America/Vancouver',
    nowUs: () => us('2026-06-05T16:41:45Z'),
    paint: (text) => text,
    ...overrides,
  };
}

function backup(name: string, finished: string, timeline: number, finishLsn: bigint): Backup {
  return {
    name,
    timeline,
    startLsn: lsn(finishLsn - 100n),
    finishLsn: lsn(finishLsn),
    startedAt: new Date(finished),
    finishedAt: new Date(finished),
    modifiedAt: new Date(finished),
    pgVersionNum: 150_010,
    uncompressedSizeBytes: 1n,
    compressedSizeBytes: 1n,
    isPermanent: false,
    tablespaces: [],
    hostname: 'db',
    dataDirectory: '/data',
  };
}

const commit = (time: string, timeline: number): TransactionEnd => ({
  kind: 'commit',
  xid: 601_762,
  timeUs: us(time),
  lsn: lsn(0x2f_00000000n),
  endLsn: lsn(0x2f_00000040n),
  timeline,
});

function between(from: Backup, first: string, last: string, timeline: number, because: Window['because'] = 'hole') {
  const window: Window<Backup> = {
    backup: from,
    fromLsn: from.timeline === timeline ? from.finishLsn : lsn(0x2f_1a0000d8n),
    firstCommit: commit(first, timeline),
    toLsn: lsn({ hole: 0x66_a1000000n, damage: 0x30_00000000n, endOfArchive: 0x90_00000000n }[because]),
    lastCommit: commit(last, timeline),
    because,
  };
  return window;
}

const hole: Hole = {
  firstMissing: '0000000200000066000000A1',
  lastMissing: '0000000200000066000000B9',
  segmentCount: 25,
  fromLsn: lsn(0x66_a1000000n),
  toLsn: lsn(0x66_ba000000n),
  before: commit('2026-05-11T10:10:00Z', 2),
  behind: commit('2026-05-12T08:04:00Z', 2),
};

const onTwo = [
  backup('base_2a', '2026-05-04T08:03:22Z', 2, 0x60_00000000n),
  backup('base_2b', '2026-05-20T08:04:00Z', 2, 0x70_00000000n),
];
const onThree = [backup('base_3', '2026-06-03T08:04:00Z', 3, 0x80_00000000n)];

const shopProd: ArchiveWindows = {
  clusterName: 'shop-prod',
  address: 's3://shop-prod/wal',
  systemIdentifier: 7_362_115_390_412_345_678n,
  backups: [...onTwo, ...onThree],
  broken: [],
  timelines: [
    {
      timeline: 3,
      fork: { timeline: 2, switchLsn: lsn(0x2f_1a0000d8n), reason: 'before transaction 601762' },
      backups: onThree,
      windows: [
        between(onTwo[1] ?? onThree[0] ?? fail(), '2026-06-02T13:15:00Z', '2026-06-05T16:41:07Z', 3, 'endOfArchive'),
      ],
      holes: [],
    },
    {
      timeline: 2,
      fork: undefined,
      backups: onTwo,
      windows: [
        between(onTwo[0] ?? fail(), '2026-05-04T08:03:30Z', '2026-05-11T10:10:00Z', 2),
        between(onTwo[1] ?? fail(), '2026-05-20T08:05:00Z', '2026-06-02T13:15:00Z', 2, 'endOfArchive'),
      ],
      holes: [hole],
    },
  ],
  unknownTimelines: [],
  waitingSegments: 1,
};

function fail(): never {
  throw new Error('a backup is missing from the example');
}

describe('the screen of windows', () => {
  it('draws each timeline with its backups, forks and holes, within 80 columns', () => {
    expect(windowsText(shopProd, screen()).split('\n')).toEqual([
      'shop-prod  system 7362115390412345678  archive s3://shop-prod/wal  (3 backups)',
      'times in America/Vancouver (UTC-7)',
      '',
      'timeline 3  ├──────────▲──────────────────────────────▶ today 09:41:07, 38 s ago',
      '            from Jun 2 06:15:00, forked from 2 at 2F/1A0000D8',
      'timeline 2  ├▲───────────···············▲───────────────────────┤ Jun 2 06:15:00',
      '            from May 4 01:03:22',
      '            hole May 11 03:10:00 to May 12 01:04:00, 21 h 54 min lost',
      '            0000000200000066000000A1 to 0000000200000066000000B9 are missing',
      '',
      'You can go to any transaction, May 4 01:03:22 to today 09:41:07,',
      'except in 1 gap (8 d 21 h), from a hole to the end of the next backup.',
      'The server has 1 segment more, not archived yet.',
      '',
    ]);
  });

  it('leaves out what lies between damage and the next backup, and where a timeline begins with none', () => {
    const [three, two] = shopProd.timelines;
    const [a, b] = onTwo;
    if (three === undefined || two === undefined || a === undefined || b === undefined) return fail();
    const atBackup = { ...between(onThree[0] ?? a, '2026-06-03T08:05:00Z', '2026-06-05T16:41:07Z', 3, 'endOfArchive') };
    const atFork = between(b, '2026-06-02T13:15:00Z', '2026-06-02T20:00:00Z', 3);
    const damaged = between(a, '2026-05-04T08:03:30Z', '2026-05-11T10:10:00Z', 2, 'damage');
    const beforeFork = { ...damaged, fromLsn: lsn(0x20_00000000n), toLsn: lsn(0x21_00000000n) };
    const closing = (on: ArchiveWindows['timelines']) =>
      windowsText({ ...shopProd, timelines: on, waitingSegments: 0 }, screen())
        .split('\n')
        .slice(-4)
        .filter((line) => /^[A-Za-z]/.test(line));
    const behind = between(b, '2026-05-20T08:05:00Z', '2026-06-02T13:15:00Z', 2, 'endOfArchive');
    expect(closing([three, { ...two, holes: [], windows: [damaged, behind] }])).toEqual([
      'You can go to any transaction, May 4 01:03:22 to today 09:41:07,',
      'except in 1 gap (8 d 21 h), from damage to the end of the next backup.',
    ]);
    expect(
      closing([
        { ...three, windows: [atBackup] },
        { ...two, holes: [], windows: [beforeFork] },
      ]),
    ).toEqual([
      'You can go to any transaction, May 4 01:03:30 to today 09:41:07,',
      'except in 1 gap (22 d 21 h), from damage to the end of the next backup.',
    ]);
    expect(
      closing([
        { ...three, windows: [atFork, atBackup] },
        { ...two, windows: [damaged, behind] },
      ])[1],
    ).toMatch(/^except in 2 gaps \(.*\), each from a hole or damage/);
  });

  it('leaves out no hole that lies before what can be reached, and says so of one behind it', () => {
    const [, two] = shopProd.timelines;
    const [first, second] = two?.windows ?? [];
    if (two === undefined || first === undefined || second === undefined) return fail();
    const text = (window: typeof first) =>
      windowsText({ ...shopProd, timelines: [{ ...two, windows: [window] }] }, screen());
    expect(text({ ...second, fromLsn: lsn(0x70_00000000n), toLsn: lsn(0x71_00000000n) })).toContain(
      'You can go to any transaction, May 20 01:04:00 to Jun 2 06:15:00.\n',
    );
    expect(text(first).replaceAll('\n', ' ')).toContain(
      'to May 11 03:10:00. Nothing behind the hole at 0000000200000066000000A1 can be reached: no backup follows it.',
    );
  });

  it('is drawn in ASCII where the locale has nothing else, and in UTC', () => {
    const text = windowsText({ ...shopProd, waitingSegments: 0 }, screen({ hasUnicode: false, zone: 'UTC' }));
    expect(text).toMatch(/^[\x20-\x7e\n]*$/);
    expect(text).toContain('timeline 3  |----------^------------');
    expect(text).toContain('times in UTC\n');
    expect(text).not.toContain('not archived yet');
  });

  it('tells what a hole costs at most, and what only the server has', () => {
    const [three, two] = shopProd.timelines;
    if (three === undefined || two === undefined) throw new Error('a timeline is missing from the example');
    const behind = { ...commit('2026-05-12T08:04:00Z', 2), xid: 602_962 };
    const last = { ...commit('2026-06-05T16:41:44Z', 3), xid: 700_001 };
    const lines = windowsText(
      {
        ...shopProd,
        timelines: [three, { ...two, holes: [{ ...hole, behind }] }],
        unarchived: { commitCount: 14, isAll: true, last },
      },
      screen(),
    ).split('\n');
    expect(lines).toContain('            at most 1,199 transactions are in it');
    expect(lines).toContain('On the server alone: 14 commits, the last 700001, today 09:41:44, 1 s ago.');
  });

  it('draws a tree where timelines branch', () => {
    const at = (timeline: number, parent: number | undefined) => ({
      timeline,
      fork: parent === undefined ? undefined : { timeline: parent, switchLsn: lsn(0x2f_1a0000d8n), reason: 'x' },
      backups: [],
      windows: [],
      holes: [],
    });
    const timelines = [at(5, 1), at(4, 3), at(3, 1), at(2, 1), at(1, undefined)];
    const tree = (on: Screen) =>
      windowsText({ ...shopProd, timelines }, on)
        .split('\n')
        .slice(14, 19);
    expect(tree(screen())).toEqual([
      'branches    1',
      '            ├─ 2  forked at 2F/1A0000D8',
      '            ├─ 3  forked at 2F/1A0000D8',
      '            │  └─ 4  forked at 2F/1A0000D8',
      '            └─ 5  forked at 2F/1A0000D8',
    ]);
    expect(tree(screen({ hasUnicode: false })).join('')).toMatch(/^[\x20-\x7e]*$/);
  });

  it('says what to do when nothing can be reached', () => {
    const bare = {
      ...shopProd,
      backups: [],
      timelines: [{ timeline: 1, fork: undefined, backups: [], windows: [], holes: [] }],
    };
    expect(windowsText(bare, screen())).toContain(
      'Nothing can be reached: the archive holds no backup with the WAL behind it.\n    walkback backup take\n',
    );
  });

  it('names timelines without history, damaged segments and unreadable backups', () => {
    const [newest] = shopProd.timelines;
    const damaged = newest?.windows.map((window) => ({ ...window, because: 'damage' as const })) ?? [];
    const text = windowsText(
      { ...shopProd, unknownTimelines: [5], timelines: newest === undefined ? [] : [{ ...newest, windows: damaged }] },
      screen(),
    );
    expect(text).toContain('a segment is damaged at 90/0');
    expect(text).toContain('Timeline 5 has WAL here, but no history file');
  });

  it('is the same as JSON, with every time and position', () => {
    expect(windowsJson(shopProd)).toMatchObject({
      cluster: 'shop-prod',
      systemIdentifier: 7_362_115_390_412_345_678n,
      timelines: [
        {
          timeline: 3,
          fork: { from: 2, lsn: '2F/1A0000D8', reason: 'before transaction 601762' },
          windows: [{ to: '2026-06-05T16:41:07.000000Z', lastCommit: { xid: 601_762 }, endsWith: 'endOfArchive' }],
        },
        { timeline: 2, holes: [{ segmentCount: 25, before: { time: '2026-05-11T10:10:00.000000Z' } }] },
      ],
      waitingSegments: 1,
    });
  });
});

describe('the windows of an archive that WAL-G wrote', () => {
  it('show its forks, and as beginnings full backups and deltas whose chain is whole', async () => {
    const address = new URL('../../../fixtures/walg/pg15-lz4-v305-forks/archive', import.meta.url).pathname;
    const settings = await loadSettings({ environment: { WALG_FILE_PREFIX: address, SCOPE: 'forks' } });
    await using archive = await openArchive(settings);
    const found = await readArchiveWindows(settings, archive);
    const lines = windowsText(found, screen({ zone: 'UTC', nowUs: () => us('2026-11-22T16:33:58.9Z') })).split('\n');
    expect(lines.filter((line) => line.startsWith('timeline') || line.includes('forked'))).toEqual([
      'timeline 3  ├────────────────────────────────────────▶ today 16:32:58, 1 min ago',
      '            from today 16:32:57, forked from 1 at 0/6000D30',
      'timeline 2  ├───────────────▲────────────▲───────▶ today 16:32:55, 1 min 3 s ago',
      '            from today 16:32:54, forked from 1 at 0/308D450',
      'timeline 1  ├▲───────────────────────────────▲──────────────────┤ today 16:32:52',
      '            ├─ 2  forked at 0/308D450',
      '            └─ 3  forked at 0/6000D30',
    ]);
  }, 60_000);
});
