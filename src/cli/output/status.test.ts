import { describe, expect, it } from 'vitest';

import {
  agoUs,
  archive,
  archiver,
  away,
  running,
  screen,
  timeline,
  well,
  withHole,
} from '../../../tests/support/protected-cluster.ts';
import type { Protection } from '../../app/read-protection.ts';
import { judgeProtection, worstOf, type Finding } from './status-findings.ts';
import { statusText } from './status-text.ts';

function finding(topic: Finding['topic'], changed: Partial<Protection>): Finding | undefined {
  return judgeProtection({ ...well, ...changed }, screen).find((one) => one.topic === topic);
}

describe('the screen of a cluster that is well protected', () => {
  it('says ok in its first line, and gives figures for each part', () => {
    expect(statusText(well, judgeProtection(well, screen), screen).split('\n')).toEqual([
      'shop-prod: ok',
      'archive s3://shop-prod/wal, times in America/Vancouver (UTC-7)',
      '',
      '  ✔ archiver  nothing waits, last 12 s ago',
      '  ✔ reach     today 01:04:00 to today 09:41:07, 38 s ago',
      '  ✔ backup    base_000000010000000000000004, full, 4.1 GB, 8 h 37 min ago',
      '  ✔ holes     none',
      '  ✔ agent     running',
      '  ✔ disk      64 GB of 100 GB free',
      '',
    ]);
  });
});

describe('the screen of a cluster in trouble', () => {
  it('says one thing to do once', () => {
    const found = { ...well, archive: { ...archive, backups: [], timelines: [{ ...timeline, windows: [] }] } };
    const lines = statusText(found, judgeProtection(found, screen), screen).split('\n');
    expect(lines.slice(-3)).toEqual(['reach, backup:', '    walkback backup take', '']);
  });

  it('names what to do, the worst first, commands on lines of their own', () => {
    const found = { ...well, ...withHole(0x6000000n), agentSeenUs: agoUs(90) };
    expect(statusText(found, judgeProtection(found, screen), { ...screen, hasUnicode: false }).split('\n')).toEqual([
      'shop-prod: ACT NOW',
      'archive s3://shop-prod/wal, times in America/Vancouver (UTC-7)',
      '',
      '  + archiver  nothing waits, last 12 s ago',
      '  + reach     today 01:04:00 to today 09:41:07, 38 s ago',
      '  + backup    base_000000010000000000000004, full, 4.1 GB, 8 h 37 min ago',
      '  x holes     1 hole, 2 segments missing, behind the last backup',
      '  > agent     silent for 1 min 30 s',
      '  + disk      64 GB of 100 GB free',
      '',
      'holes:',
      '    walkback backup take',
      'agent: Start it again, by what supervises it, or:',
      '    walkback agent',
      '',
    ]);
  });
});

describe('the judgement', () => {
  it('of a disk without room names what holds some of it', () => {
    const disk = { freeBytes: 1n << 30n, totalBytes: 100n << 30n };
    const recoveries = [
      { id: '7f3a', state: 'recovered' },
      { id: 'cccd', state: 'standing' },
    ] as const;
    expect(finding('disk', { disk, recoveries })?.remedy?.split('\n').slice(1)).toEqual([
      '    walkback release 7f3a',
      '    walkback rehearse --discard cccd',
    ]);
  });

  it('never asks to start a server by hand in the middle of a swap', () => {
    const found = { ...well, archiver: away, live: { ...running, state: 'stopped' } as const };
    const findings = judgeProtection({ ...found, recoveries: [{ id: '7f3a', state: 'undoing' }] }, screen);
    expect(findings.flatMap(({ remedy }) => remedy ?? [])).toEqual(['walkback recover status 7f3a']);
  });

  it('leaves what to do about a server that is down to one finding', () => {
    const found = { ...well, archiver: away, live: { ...running, state: 'crashed' } as const };
    const findings = judgeProtection(found, screen);
    expect(findings.filter(({ remedy }) => remedy !== undefined).map(({ topic }) => topic)).toEqual(['server']);
  });

  it.each<[string, Finding['topic'], Partial<Protection>, Finding['level']]>([
    ['a server that cannot be asked', 'archiver', { archiver: away }, 'look'],
    ['a server that archives nothing', 'archiver', { archiver: { ...archiver, archiveMode: 'off' } }, 'act'],
    [
      'a replica that archives nothing',
      'archiver',
      { archiver: { ...archiver, archiveMode: 'off', isInRecovery: true } },
      'ok',
    ],
    ['an archiver whose last try failed', 'archiver', { archiver: { ...archiver, lastFailedUs: agoUs(3) } }, 'act'],
    [
      'an archiver that has recovered from a failure',
      'archiver',
      { archiver: { ...archiver, lastFailedUs: agoUs(60) } },
      'ok',
    ],
    ['a file that waits a moment', 'archiver', { waiting: { count: 1, segmentCount: 1, oldestUs: agoUs(20) } }, 'ok'],
    [
      'a file that waits six minutes',
      'archiver',
      { waiting: { count: 1, segmentCount: 1, oldestUs: agoUs(360) } },
      'look',
    ],
    [
      'many files that wait a moment',
      'archiver',
      { waiting: { count: 17, segmentCount: 17, oldestUs: agoUs(20) } },
      'look',
    ],
    [
      'a file that waits two hours',
      'archiver',
      { waiting: { count: 1, segmentCount: 1, oldestUs: agoUs(7200) } },
      'act',
    ],
    ['an archive that cannot be reached', 'reach', { archive: away }, 'act'],
    [
      'an archive without windows',
      'reach',
      { archive: { ...archive, timelines: [{ ...timeline, windows: [] }] } },
      'act',
    ],
    ['an archive without backups', 'backup', { archive: { ...archive, backups: [] } }, 'act'],
    ['a backup that is overdue', 'backup', { backupDueMs: 3_600_000 }, 'look'],
    [
      'a damaged backup',
      'backup',
      { archive: { ...archive, broken: [{ name: 'base_x', modifiedAt: new Date(0), failure: away }] } },
      'look',
    ],
    ['a hole before the last backup', 'holes', withHole(0x4000000n), 'look'],
    ['a hole behind the last backup', 'holes', withHole(0x6000000n), 'act'],
    ['no agent at all', 'agent', { agentSeenUs: undefined }, 'ok'],
    ['an agent that fell silent', 'agent', { agentSeenUs: agoUs(30) }, 'look'],
    ['a disk with a tenth free', 'disk', { disk: { freeBytes: 9n << 30n, totalBytes: 100n << 30n } }, 'look'],
    ['a disk that is nearly full', 'disk', { disk: { freeBytes: 4n << 30n, totalBytes: 100n << 30n } }, 'act'],
    ['an archive of another server', 'reach', { live: { ...running, systemIdentifier: 2n } }, 'act'],
    ['a setting that names no data directory', 'server', { live: away }, 'act'],
    ['a server that is stopped', 'server', { live: { ...running, state: 'stopped' } }, 'look'],
    ['a server that has crashed', 'server', { live: { ...running, state: 'crashed' } }, 'act'],
    [
      'data that cannot be swapped',
      'server',
      { live: { ...running, problems: [{ message: '/data is a symbolic link', remedy: 'Name the directory.' }] } },
      'look',
    ],
    ['data that a recovery keeps', 'recovery', { recoveries: [{ id: '7f3a', state: 'recovered' }] }, 'ok'],
    ['a rehearsal that stands', 'recovery', { recoveries: [{ id: '7f3a', state: 'standing' }] }, 'ok'],
    ['a cutover that is half done', 'recovery', { recoveries: [{ id: '7f3a', state: 'cuttingOver' }] }, 'act'],
    ['recoveries that cannot be read', 'recovery', { recoveries: away }, 'look'],
    ['a large disk with a little room', 'disk', { disk: { freeBytes: 1n << 29n, totalBytes: 1n << 30n } }, 'act'],
  ])('of %s (%s)', (_name, topic, changed, level) => {
    const found = finding(topic, changed);
    expect(found?.level).toBe(level);
    expect(level === 'ok' || (found?.remedy ?? '') !== '').toBe(true);
  });

  it('is as bad as the worst of its findings', () => {
    const of = (...levels: Finding['level'][]) => worstOf(levels.map((level) => ({ topic: 'disk', level, text: '' })));
    expect([of(), of('ok', 'look'), of('look', 'act', 'ok')]).toEqual(['ok', 'look', 'act']);
  });
});
