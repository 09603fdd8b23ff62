import { describe, expect, it } from 'vitest';

import type { Backup } from '../backup/backup.ts';
import { lsn } from '../postgres/lsn.ts';
import { whyPassedOver } from './choose-archive.ts';

/** Only what is looked at. */
const backup = (name: string, startedAt: string, startLsn: bigint): Backup =>
  ({ name, startedAt: new Date(startedAt), startLsn: lsn(startLsn) }) as Backup;

const BACKUPS = [
  backup('base_3', '2026-06-03T01:00:00Z', 0x3000028n),
  backup('base_2', '2026-06-02T01:00:00Z', 0x2000028n),
];

const time = (text: string) => ({ kind: 'time', timeUs: BigInt(Date.parse(text)) * 1000n, inclusive: true }) as const;
const position = (at: bigint) => ({ kind: 'lsn', lsn: lsn(at), inclusive: true }) as const;

describe('an archive that is looked in', () => {
  it('is passed over without a backup, whatever is asked for', () => {
    expect(whyPassedOver([], { kind: 'latest' })).toBe('it holds no backup');
  });

  it('is passed over for a time or a position before its first backup', () => {
    const why = 'the target is before its first backup, base_2, which began 2026-06-02T01:00:00.000Z';
    expect(whyPassedOver(BACKUPS, time('2026-06-02T00:59:59Z'))).toBe(why);
    expect(whyPassedOver(BACKUPS, position(0x2000000n))).toBe(why);
  });

  it.each([
    ['a time after the begin of one', time('2026-06-02T01:00:01Z')],
    ['a position after it', position(0x2000028n)],
    ['all that there is', { kind: 'latest' } as const],
    ['what only its WAL can tell', { kind: 'name', name: 'before_release' } as const],
  ])('is taken for %s', (_, target) => {
    expect(whyPassedOver(BACKUPS, target)).toBeUndefined();
  });
});
