import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { walFileKind, walFileOf, walObjectKey, walObjectNames } from './object-names.ts';

const SEGMENT = '0000000100000000000000A1';

describe('the names of a WAL file', () => {
  it('are tried in the order WAL-G tries them', () => {
    expect(walObjectNames(SEGMENT).map(({ key }) => key)).toEqual([
      `wal_005/${SEGMENT}.lz4`,
      `wal_005/${SEGMENT}.lzma`,
      `wal_005/${SEGMENT}.gz`,
      `wal_005/${SEGMENT}.`,
      `wal_005/${SEGMENT}.br`,
      `wal_005/${SEGMENT}.lzo`,
      `wal_005/${SEGMENT}.zst`,
      `wal_005/${SEGMENT}`,
    ]);
  });

  it('begin with the preferred compression, and are the same names', () => {
    expect(walObjectNames(SEGMENT, 'zstd')[0]).toEqual({ key: `wal_005/${SEGMENT}.zst`, compression: 'zstd' });
    expect(walObjectNames(SEGMENT, 'none')[0]).toEqual({ key: `wal_005/${SEGMENT}`, compression: 'none' });
    const keys = (names: { key: string }[]) => names.map(({ key }) => key).toSorted();
    for (const preferred of ['zstd', 'lz4', 'none'] as const) {
      expect(keys(walObjectNames(SEGMENT, preferred))).toEqual(keys(walObjectNames(SEGMENT)));
    }
  });

  it('each lead back to the file and its compression', () => {
    for (const fileName of [SEGMENT, '0000000A.history', `${SEGMENT}.partial`, `${SEGMENT}.00000028.backup`]) {
      const kind = walFileKind(fileName);
      expect(kind).toBeDefined();
      for (const { key, compression } of walObjectNames(fileName)) {
        expect(walFileOf(key)).toEqual({ fileName, kind, compression });
      }
      expect(walFileOf(walObjectKey(fileName, 'zstd'))).toEqual({ fileName, kind, compression: 'zstd' });
    }
  });
});

describe('an object of the WAL folder', () => {
  it.each([
    [`wal_005/${SEGMENT}`, 'segment'],
    [`wal_005/${SEGMENT}.`, 'segment'],
    [`wal_005/${SEGMENT}.br`, 'segment'],
    ['wal_005/00000002.history', 'history'],
    ['wal_005/00000002.history.lz4', 'history'],
    [`wal_005/${SEGMENT}.partial`, 'partial'],
    [`wal_005/${SEGMENT}.partial.zst`, 'partial'],
    [`wal_005/${SEGMENT}.00000028.backup.lz4`, 'backupHistory'],
  ])('%s is a %s', (key, kind) => {
    expect(walFileOf(key)?.kind).toBe(kind);
  });

  it.each([
    `wal_005/${SEGMENT}_delta.lz4`,
    `wal_005/${SEGMENT}.json`,
    `wal_005/${SEGMENT}.idx`,
    `wal_005/${SEGMENT}.lz4.tmp`,
    `wal_005/${SEGMENT.toLowerCase()}.lz4`,
    `wal_005/${SEGMENT}0.lz4`,
    `wal_005/sub/${SEGMENT}.lz4`,
    `basebackups_005/${SEGMENT}.lz4`,
    `${SEGMENT}.lz4`,
    `wal_005/../${SEGMENT}`,
    `wal_005/${SEGMENT}\n`,
    'wal_005/',
  ])('%j is no file of the server', (key) => {
    expect(walFileOf(key)).toBeUndefined();
  });

  it('is never a file whose name has a path in it', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const file = walFileOf(`wal_005/${text}`);
        expect(file === undefined || /^[0-9A-Za-z.]+$/.test(file.fileName)).toBe(true);
      }),
    );
  });
});
