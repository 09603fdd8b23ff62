import { describe, expect, it } from 'vitest';

import { LogDigester } from '../../app/log-digest.ts';
import type { LogRemark } from '../../app/log-remarks.ts';
import type { LogEnd, LogFacts } from '../../app/log-value.ts';
import type { LoggedTransaction } from '../../history/transactions/logged-transaction.ts';
import { lsn } from '../../postgres/lsn.ts';
import { followLine } from './log-list.ts';
import { logText, type LogShape } from './log-text.ts';
import type { Screen } from './screen.ts';
import { change, definition, screen, transaction } from './testing/logged.ts';

const facts: LogFacts = {
  clusterName: 'shop-prod',
  address: 's3://shop-prod/wal',
  systemIdentifier: 7_362_115_390_412_345_678n,
  timeline: 3,
  namedTimeline: undefined,
  sinceUs: undefined,
  untilUs: undefined,
  fromLsn: lsn(0x1f_00000000n),
  names: 'from the WAL alone',
  notes: [],
};

function shown(
  transactions: readonly LoggedTransaction[],
  given: Partial<{
    mostListed: number;
    mostLargest: number;
    end: LogEnd;
    shape: LogShape['form'];
    notes: readonly string[];
    namedTimeline: number;
    remarks: readonly LogRemark[];
  }> = {},
  on = screen(),
): string[] {
  const digester = new LogDigester({
    mostListed: given.mostListed ?? 50,
    mostLargest: given.mostLargest ?? 10,
    offsetMinutes: -420,
  });
  for (const one of transactions) digester.take(one);
  const log = {
    facts: { ...facts, notes: given.notes ?? [], namedTimeline: given.namedTimeline },
    digest: digester.digest(),
    end: given.end ?? { kind: 'reached' },
    remarks: given.remarks ?? [],
    lastRead: transactions.at(-1),
  };
  return logText(log, { form: given.shape ?? 'overview' }, on).split('\n');
}

const morning: readonly LoggedTransaction[] = [
  transaction(601_755, '14:58:12.114', {
    changes: [change('orders', { inserted: 3 }), change('order_lines', { inserted: 9 })],
  }),
  transaction(601_758, '14:58:40.902', { changes: [change('stock', { updated: 1 })] }),
  transaction(601_762, '15:02:11.620', { changes: [change('orders', { deleted: 48_211, deletedShare: 0.958 })] }),
  transaction(601_763, '15:02:13.004', {
    changes: [change('orders', { inserted: 1 }), change('order_lines', { inserted: 4 })],
  }),
];

describe('a short log', () => {
  it('is a list that names the zone once, marks what is large, and leads to it', () => {
    expect(shown(morning)).toEqual([
      '2026-06-05, times in America/Vancouver (UTC-7)     shop-prod, s3://shop-prod/wal',
      '',
      '  time           xid      what it did',
      '  07:58:12.114   601755   orders +3, order_lines +9',
      '  07:58:40.902   601758   stock ~1',
      '▌ 08:02:11.620   601762   orders -48,211  96 % of the table',
      '  08:02:13.004   601763   orders +1, order_lines +4',
      '',
      'Largest here: 601762, 2026-06-05 08:02:11.620 America/Vancouver, 15:02:11.620',
      'UTC, 1 h 39 min ago',
      '    walkback show 601762',
      '',
    ]);
  });

  it('is in ASCII where the locale has nothing else', () => {
    const text = shown(morning, {}, screen({ hasUnicode: false })).join('\n');
    expect(text).toMatch(/^[\x20-\x7e\n]*$/);
    expect(text).toContain('! 08:02:11.620');
  });

  it('shows UTC and how long ago beside each where there is room', () => {
    const lines = shown(morning, {}, screen({ columns: 120 }));
    expect(lines.find((line) => line.includes('601758'))).toBe(
      '  07:58:40.902   14:58:40.902   1 h 43 min     601758   stock ~1',
    );
  });

  it('says when the day changes, and tells databases apart only where there are several', () => {
    const lines = shown([
      transaction(1001, '06:59:59.000', { changes: [change('a', { inserted: 1 })] }),
      transaction(1002, '07:00:00.000', {
        databaseOid: 5,
        databaseName: 'postgres',
        changes: [change('b', { inserted: 1 })],
      }),
    ]);
    expect(lines.slice(3, 6)).toEqual([
      '  23:59:59.000   1001     [shop] a +1',
      '  2026-06-05',
      '  00:00:00.000   1002     [postgres] b +1',
    ]);
  });

  it('counts what did nothing to rows instead of listing it', () => {
    const lines = shown([...morning, transaction(601_764, '15:02:14.000'), transaction(601_765, '15:02:15.000')]);
    expect(lines.join('\n')).not.toContain('601764');
    expect(lines).toContain('2 transactions more changed no row of a table (locks, catalogs, statistics).');
  });
});

describe('a long log', () => {
  const day = Array.from({ length: 400 }, (_, index) =>
    transaction(700_000 + index, new Date(50_400_000 + index * 9000).toISOString().slice(11, 23), {
      changes: [change('orders', { inserted: 1 + (index % 7) })],
    }),
  );
  const all = [...day.slice(0, 300), ...morning.slice(2, 3), ...day.slice(300)];

  it('is drawn as bars that mark where something large went, and then its largest, within 80 columns', () => {
    const lines = shown(all);
    expect(lines.every((line) => line.length <= 80)).toBe(true);
    expect(lines[2]).toBe('  rows changed, per 5 minutes');
    expect(lines.filter((line) => line.startsWith('▌'))).toEqual([
      expect.stringMatching(/^▌ 08:00 {3}█{40,} 48,211 in 1 commit$/),
      '▌ 08:02:11.620   601762   orders -48,211  96 % of the table',
    ]);
    expect(lines).toContain('The largest 10 of 401 transactions:');
    expect(lines).toContain('    walkback log --around 2026-06-05T15:02:11Z --within 1min');
  });

  it('names the timeline in every line to type where it was asked for', () => {
    const typed = shown(all, { namedTimeline: 2 }).filter((line) => line.startsWith('    walkback'));
    expect(typed).toEqual([
      '    walkback show 601762 --timeline 2',
      '    walkback log --around 2026-06-05T15:02:11Z --within 1min --timeline 2',
    ]);
  });

  it('is cut to what --limit asks for, and says how much is left', () => {
    const lines = shown(all, { mostListed: 2, shape: 'list' });
    expect(lines.filter((line) => /^. \d\d:/.test(line))).toHaveLength(2);
    expect(lines).toContain('  … 399 more until today 07:59:51; --until, --table, --min-rows narrow');
  });

  it('is its largest alone with --largest', () => {
    const lines = shown(all, { mostLargest: 1, shape: 'largest' });
    expect(lines.slice(2, 4)).toEqual([
      '  time           xid      what it did',
      '▌ 08:02:11.620   601762   orders -48,211  96 % of the table',
    ]);
  });
});

describe('a log of several days', () => {
  const DAY_US = 86_400_000_000n;
  const many = Array.from({ length: 60 }, (_, index) => {
    const one = transaction(700_000 + index, '12:00:00.000', {
      changes: [
        change('orders_of_customers', { deleted: index % 20 === 0 ? 40_000 + index : 0, inserted: 1000 + index }),
        change('invoices_of_customers', { updated: 3 }),
        change('shipments', { inserted: 3 }),
      ],
    });
    return { ...one, timeUs: one.timeUs + (BigInt(index) * DAY_US) / 20n };
  });
  const paint: Screen['paint'] = (text, state) => `<${state}>${text}</>`;

  it('has the day of each of its largest within 80 columns', () => {
    const lines = shown(many);
    expect(lines.filter((line) => line.length > 80)).toEqual([]);
    expect(lines).toContain('  day   time           xid      what it did');
    expect(lines).toContain('▌ 06-07 05:00:00.000   700040   orders_of_customers +1,040 -40,040, 2 more');
  });

  it('has the day beside each bar, for hours repeat', () => {
    const bars = shown(many).filter((line) => line.includes('█'));
    expect(bars[0]).toMatch(/^▌ 06-05 04:00 {3}█/);
    expect(new Set(bars.map((line) => line.slice(2, 13))).size).toBe(bars.length);
  });

  it('has the year beside each bar where there are several', () => {
    const weeks = many.map((one, index) => ({ ...one, timeUs: one.timeUs + BigInt(index) * 10n * DAY_US }));
    const bars = shown(weeks).filter((line) => line.includes('█'));
    expect(bars[0]).toMatch(/^▌ 2026-06-0\d {3}█/);
    expect(bars.at(-1)).toMatch(/^. 2028-01-\d\d {3}█/);
  });

  it('fits its bars beside large numbers', () => {
    const large = many.map((one) => ({ ...one, changes: [change('orders', { inserted: 15_000_000_000 })] }));
    const lines = shown(large);
    expect(lines.filter((line) => line.length > 80)).toEqual([]);
    expect(lines[3]).toMatch(/█{20,} \d{2},000,000,000 in \d commits$/);
  });

  it('is the same in colour, each line painted whole', () => {
    const painted = shown(many, {}, screen({ paint }));
    expect(painted).toContain('<loss>▌ 06-07 05:00:00.000   700040   orders_of_customers +1,040 -40,040, 2 more</>');
    expect(painted.map((line) => line.replaceAll(/<\/?[a-z]*>/g, ''))).toEqual(shown(many));
  });
});

describe('a line of a log that is followed', () => {
  const followed = (overrides: Partial<LoggedTransaction>) =>
    followLine(
      transaction(4_000_000_000, '15:00:00.000', { changes: morning[0]?.changes ?? [], ...overrides }),
      screen(),
    );

  it('fits the width with the longest name of a database, which is shown escaped', () => {
    const line = followed({ databaseName: `\u001b[2J${'d'.repeat(59)}` });
    expect(line.length).toBeLessThanOrEqual(80);
    expect(line).toMatch(/ {2}\[\\u\{1b\}\[2Jd+…\] orders \+3, order_lines \+9$/);
  });

  it('fits the width with the longest identifier of a prepared transaction', () => {
    const line = followed({ outcome: 'abortPrepared', gid: 'g'.repeat(199), databaseName: 'd'.repeat(63) });
    expect(line.length).toBeLessThanOrEqual(80);
    expect(line).toMatch(/ rolled back…: orders \+3/);
  });
});

describe('the end of a log', () => {
  it('in a hole is said, with the segment', () => {
    const end: LogEnd = {
      kind: 'hole',
      missing: '000000030000001F0000003D',
      resumes: { fileName: '000000030000001F0000003F', index: 0x1f3fn, startLsn: lsn(0x1f_3f000000n) },
    };
    const text = shown(morning, { end }).join(' ');
    expect(text).toContain('STOPPED at a hole: 000000030000001F0000003D is missing');
    expect(text).toContain('is not in this list');
  });

  it('at damage names the object, the place and the reason', () => {
    const end: LogEnd = {
      kind: 'damage',
      stop: {
        kind: 'damaged',
        fileName: '000000030000001F0000003D',
        offsetBytes: 81_920,
        lsn: lsn(0x1f_3d014000n),
        reason: 'its CRC is wrong',
      },
    };
    const text = shown([], { end }).join(' ');
    expect(text).toContain('No transaction that was asked for is here.');
    expect(text).toContain(
      '000000030000001F0000003D cannot be read behind 1F/3D014000 (byte 81,920): its CRC is wrong',
    );
  });

  it('of the archive names the last transaction and how old it is', () => {
    const end: LogEnd = { kind: 'endOfArchive', missing: '000000030000001F0000003D' };
    expect(shown(morning, { end })).toContain('What there is ends here: last 601763, today 08:02:13, 1 h 39 min ago.');
  });

  it('comes behind what the WAL holds beside transactions and makes the list less than whole', () => {
    const place = { lsn: lsn(0x1f_3a002800n), behind: { xid: 601_758, timeUs: morning[1]?.timeUs ?? 0n } };
    const remarks: LogRemark[] = [
      { kind: 'extensionRecords', ...place, resourceManager: 130, segmentCount: 212 },
      { kind: 'walLevelMinimal', ...place, untilLsn: lsn(0x1f_3b000000n) },
      { kind: 'clockSetBack', ...place, toUs: (morning[1]?.timeUs ?? 0n) - 600_000_000n },
    ];
    const text = shown(morning, { remarks }).join(' ');
    expect(text).toContain(
      'An extension wrote records of its own (custom130) in 212 segments, first at 1F/3A002800, behind 601758 of today 07:58:40: if it stores tables, their rows are not in this list.',
    );
    expect(text).toContain('The server ran with wal_level=minimal from 1F/3A002800, behind 601758');
    expect(text).toContain("The server's clock went back by 10 min at 1F/3A002800");
    expect(shown(morning, { remarks }).filter((line) => line.length > 80)).toEqual([]);
  });

  it('says that the rows of an unlogged table cannot be told of', () => {
    const lines = shown([], { remarks: [{ kind: 'unloggedTable', table: 'shop.public.scratch' }] });
    expect(lines).toContain('No transaction that was asked for is here.');
    expect(lines.join(' ')).toContain(
      'shop.public.scratch is or was unlogged: what was done to its rows is not in the WAL',
    );
  });

  it('comes behind what the reader should know', () => {
    const nameless = [transaction(9, '15:00:00.000', { changes: [change('x', { relation: undefined, deleted: 1 })] })];
    const lines = shown(nameless, { notes: ['The archive begins later than that.'] });
    expect(lines).toContain('  08:00:00.000   9        file 1663/16384/30000 -1');
    expect(lines.join(' ')).toContain('Files without a name: from the WAL alone.');
    expect(lines).toContain('The archive begins later than that.');
  });
});

describe('names out of catalogs', () => {
  it('reach the screen quoted, without what would move the cursor', () => {
    const hostile = '\u001b[2J"x\u202e';
    const lines = shown([
      transaction(9, '15:00:00.000', {
        changes: [change(hostile, { inserted: 1 })],
        definitions: [definition('drop', 'Orders')],
      }),
    ]);
    expect(lines).toContain(String.raw`▌ 08:00:00.000   9        DROP TABLE "Orders", "\u{1b}[2J""x\u{202e}" +1`);
  });
});
