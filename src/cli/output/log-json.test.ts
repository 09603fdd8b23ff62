import { describe, expect, it } from 'vitest';

import type { LogRemark } from '../../app/log-remarks.ts';
import type { LogFacts } from '../../app/log-value.ts';
import { lsn } from '../../postgres/lsn.ts';
import { linePieces, objectPieces } from './log-json.ts';
import { change, definition, relation, transaction } from './testing/logged.ts';

const facts: LogFacts = {
  clusterName: 'shop-prod',
  address: 's3://shop-prod/wal',
  systemIdentifier: 7_362_115_390_412_345_678n,
  timeline: 3,
  namedTimeline: undefined,
  sinceUs: 0n,
  untilUs: undefined,
  fromLsn: lsn(0x1f_00000000n),
  names: 'from the WAL alone',
  notes: [],
};
const one = transaction(601_762, '15:02:11.620', {
  changes: [
    change('orders_1', { root: relation('orders'), deleted: 3, deletedShare: 0.5 }),
    change('x', { relation: undefined, inserted: 1 }),
  ],
  definitions: [definition('drop', 'stock')],
});

const IGNORED = { key: 'walkback_001/history/00000003/0000001F-0000003C', reason: 'the checksum of its head is wrong' };

const MINIMAL: LogRemark = {
  kind: 'walLevelMinimal',
  lsn: lsn(0x1f_0000_0005n),
  behind: { xid: 7, timeUs: 9n },
  untilLsn: undefined,
};

describe('a log as one object', () => {
  it('is JSON, whether it has none, one or several transactions', () => {
    for (const count of [0, 1, 2]) {
      const pieces = objectPieces();
      const texts = Array.from({ length: count }, () => pieces.transaction(one));
      const end = pieces.finish(
        { kind: 'endOfArchive', missing: '000000030000001F0000003D' },
        { remarks: [MINIMAL], ignored: [IGNORED] },
      );
      const read: unknown = JSON.parse([pieces.begin(facts), ...texts, end].join(''));
      expect(read).toMatchObject({
        cluster: 'shop-prod',
        systemIdentifier: '7362115390412345678',
        since: '1970-01-01T00:00:00.000000Z',
        until: null,
        fromLsn: '1F/0',
        end: { kind: 'endOfArchive', missing: '000000030000001F0000003D' },
        remarks: [
          {
            kind: 'walLevelMinimal',
            lsn: '1F/5',
            behind: { xid: 7, time: '1970-01-01T00:00:00.000009Z' },
            untilLsn: null,
          },
        ],
        ignoredIndexes: [IGNORED],
      });
      expect(read).toHaveProperty('transactions.length', count);
    }
  });
});

describe('a log as lines', () => {
  it('is a transaction a line, each member there, and then the end', () => {
    const pieces = linePieces();
    const text = `${pieces.begin(facts)}${pieces.transaction(one)}${pieces.finish(
      {
        kind: 'damage',
        stop: { kind: 'damaged', fileName: 'F', offsetBytes: 5, lsn: lsn(5n), reason: 'its CRC is wrong' },
      },
      { remarks: [], ignored: [] },
    )}`;
    const [first, second, rest] = text.split('\n');
    expect(rest).toBe('');
    expect(JSON.parse(second ?? '')).toEqual({
      end: { kind: 'damage', fileName: 'F', offsetBytes: 5, lsn: '0/5', reason: 'its CRC is wrong', damage: 'damaged' },
      remarks: [],
      ignoredIndexes: [],
    });
    expect(JSON.parse(first ?? '')).toMatchObject({
      xid: 601_762,
      outcome: 'commit',
      time: '2026-06-05T15:02:11.620000Z',
      lsn: '1F/3C4410C8',
      preparedLsn: null,
      gid: null,
      database: 'shop',
      changes: [
        {
          schema: 'public',
          table: 'orders_1',
          root: { schema: 'public', table: 'orders' },
          deleted: 3,
          deletedShare: 0.5,
        },
        { schema: null, table: null, kind: null, root: null, filenode: 30_000, inserted: 1, deletedShare: null },
      ],
      definitions: [{ kind: 'drop', schema: 'public', name: 'stock', rows: null, lsn: '1F/3A002800' }],
    });
  });
});
