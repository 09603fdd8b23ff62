import { describe, expect, it } from 'vitest';

import { isForeignInTablespace, normalizeEntryName, restoredPath } from './restored-path.ts';

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

describe('in the folder of a tablespace', () => {
  it.each([
    'pg_tblspc',
    'pg_tblspc/16400',
    'pg_tblspc/16400/PG_15_202209061',
    'pg_tblspc/16400/PG_15_202209061/5/16401',
    'pg_tblspc/16400/PG_9.6_201608131/5/16401',
    'base/5/authorized_keys',
  ])('%j is the server’s', (name) => {
    expect(isForeignInTablespace(name)).toBe(false);
  });

  it.each([
    'pg_tblspc/16400/authorized_keys',
    'pg_tblspc/16400/lost+found',
    'pg_tblspc/16400/PG_15',
    'pg_tblspc/16400/PG_15_202209061.sh',
    'pg_tblspc/16400/PG_15_202209061\n/x',
    'pg_tblspc/16400/.ssh/PG_15_202209061/x',
    'pg_tblspc/16400/PG_15_202209061x/5/1',
    'pg_tblspc/16400/a\nb',
  ])('%j is not', (name) => {
    expect(isForeignInTablespace(name)).toBe(true);
  });
});
