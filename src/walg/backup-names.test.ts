import { describe, expect, it } from 'vitest';

import {
  backupOfSentinelKey,
  filesMetadataKey,
  formatBackupName,
  backupLabelObjectName,
  metadataKey,
  parseBackupName,
  parseTarObjectName,
  partObjectName,
  pgControlObjectName,
  sentinelKey,
  tarPartitionsFolder,
} from './backup-names.ts';

const FULL = 'base_000000010000000000000002';
const DELTA = 'base_000000010000000000000005_D_000000010000000000000002';

describe('the name of a backup', () => {
  it('tells its segment, and a delta its parent’s', () => {
    expect(parseBackupName(FULL)).toEqual({ name: FULL, segmentName: '000000010000000000000002' });
    expect(parseBackupName(DELTA)).toEqual({
      name: DELTA,
      segmentName: '000000010000000000000005',
      parentSegmentName: '000000010000000000000002',
    });
    expect(parseBackupName(`${FULL}_00000028`)).toMatchObject({ offset: '00000028' });
  });

  it('is written for a full backup, and for a delta on a full one or on another delta', () => {
    const parent = parseBackupName(FULL);
    const delta = parseBackupName(DELTA);
    expect(formatBackupName('000000010000000000000002')).toBe(FULL);
    expect(formatBackupName('000000010000000000000005', parent)).toBe(DELTA);
    expect(formatBackupName('000000010000000000000006', delta)).toBe(
      'base_000000010000000000000006_D_000000010000000000000005',
    );
  });

  it.each([
    '',
    'base_',
    `${FULL}/..`,
    `../${FULL}`,
    FULL.toLowerCase().replace('1', 'a'),
    `${FULL}_D_`,
    `${FULL}\n`,
    'LATEST',
  ])('is not %j', (name) => {
    expect(parseBackupName(name)).toBeUndefined();
  });
});

describe('the objects of a backup', () => {
  it('have the keys WAL-G gives them', () => {
    expect(sentinelKey(FULL)).toBe(`basebackups_005/${FULL}_backup_stop_sentinel.json`);
    expect(metadataKey(FULL)).toBe(`basebackups_005/${FULL}/metadata.json`);
    expect(filesMetadataKey(FULL)).toBe(`basebackups_005/${FULL}/files_metadata.json`);
    expect(tarPartitionsFolder(FULL)).toBe(`basebackups_005/${FULL}/tar_partitions/`);
  });

  it('lead from the sentinel to the backup', () => {
    expect(backupOfSentinelKey(sentinelKey(DELTA))?.name).toBe(DELTA);
    expect(backupOfSentinelKey(metadataKey(DELTA))).toBeUndefined();
    expect(
      backupOfSentinelKey('basebackups_005/x/base_000000010000000000000002_backup_stop_sentinel.json'),
    ).toBeUndefined();
  });
});

describe('an object of the tar folder', () => {
  it('is named by its number and its compression', () => {
    expect(partObjectName(1, 'zstd')).toBe('part_001.tar.zst');
    expect(partObjectName(1234, 'none')).toBe('part_1234.tar');
    expect(pgControlObjectName('lz4')).toBe('pg_control.tar.lz4');
    expect(backupLabelObjectName('none')).toBe('backup_label.tar');
  });

  it.each([
    ['part_001.tar.zst', 'part', 'zstd'],
    ['part_001.tar', 'part', 'none'],
    ['part_001.tar.', 'part', 'none'],
    ['copy_0.tar.lz4', 'part', 'lz4'],
    ['pg_control.tar.br', 'pgControl', 'brotli'],
    ['backup_label.tar.lzma', 'backupLabel', 'lzma'],
  ])('%s is a %s in %s', (objectName, kind, compression) => {
    expect(parseTarObjectName(objectName)).toEqual({ objectName, kind, compression });
  });

  it.each(['part_001.tar.xz', 'part_001.zip', 'manifest.json', '.tar', 'a/part_001.tar'])(
    '%s is none',
    (objectName) => {
      expect(parseTarObjectName(objectName)).toBeUndefined();
    },
  );
});
