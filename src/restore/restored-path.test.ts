import { describe, expect, it } from 'vitest';

import { normalizeEntryName, restoredPath } from './restored-path.ts';

describe('the name of an entry', () => {
  it.each([
    ['/', ''],
    ['./', ''],
    ['.', ''],
    ['/base/5/1259', 'base/5/1259'],
    ['base/5/1259', 'base/5/1259'],
    ['./base/5/', 'base/5'],
    ['backup_label', 'backup_label'],
    ['/a file\nwith..dots', 'a file\nwith..dots'],
  ])('%j is %j below the data directory', (given, normal) => {
    expect(normalizeEntryName(given, 'part_001.tar')).toBe(normal);
  });

  it.each([
    '..',
    '/..',
    '../etc/passwd',
    '/base/../../etc',
    '//etc/passwd',
    '/base//5',
    './../x',
    '/a/./b',
    '/a/..',
    'x\0y',
  ])('%j is refused', (given) => {
    expect(() => normalizeEntryName(given, 'part_001.tar')).toThrow(/leads out of the data directory/);
  });
});

describe('the place of an entry', () => {
  const place = { destination: '/r/data', tablespaceLocations: new Map([[16_400, '/r/fast']]) };

  it.each([
    ['', '/r/data'],
    ['base/5/1259', '/r/data/base/5/1259'],
    ['pg_tblspc', '/r/data/pg_tblspc'],
    ['pg_tblspc/16400', '/r/fast'],
    ['pg_tblspc/16400/PG_15_202209061/5/16401', '/r/fast/PG_15_202209061/5/16401'],
    ['pg_tblspc/16500/PG_15_202209061/5/1', '/r/data/pg_tblspc/16500/PG_15_202209061/5/1'],
  ])('of %j is %j', (name, path) => {
    expect(restoredPath(name, place)).toBe(path);
  });
});
