/**
 * Every object of the archives in `fixtures/walg`, which WAL-G wrote, is read.
 */

import { createReadStream, globSync, readFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';

import { describe, expect, it } from 'vitest';

import { joined } from '../../tests/support/pieces.ts';
import { isReadableCompression } from '../base/compression-names.ts';
import { backupOfSentinelKey, parseTarObjectName } from '../walg/backup-names.ts';
import { formatFilesMetadata, parseFilesMetadata } from '../walg/files-metadata.ts';
import { parseIncrementBlocks, parseIncrementStart } from '../walg/increment.ts';
import { formatBackupMetadata, parseBackupMetadata } from '../walg/metadata.ts';
import { walFileOf } from '../walg/object-names.ts';
import { parseSentinel } from '../walg/sentinel.ts';
import { decompress, decompressStream } from './compression.ts';
import { readTar } from './tar-reader.ts';

const SEGMENT_BYTES = 16 * 1024 * 1024;
const FIXTURES = join(import.meta.dirname, '../../fixtures/walg');

const archives = globSync(join(FIXTURES, '*/expected.json')).map((file) => ({
  name: basename(join(file, '..')),
  root: join(file, '../archive'),
}));

describe('the archives of WAL-G', () => {
  it('are there', () => {
    expect(archives.length).toBeGreaterThan(1);
  });
});

describe.each(archives)('the archive $name', ({ root }) => {
  const keys = globSync('**/*', { cwd: root, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)));
  const read = (key: string) => readFileSync(join(root, key));

  it('has no object whose name says nothing', () => {
    const known = keys.filter(
      (key) => key.endsWith('.json') || (walFileOf(key) ?? parseTarObjectName(basename(key))) !== undefined,
    );
    expect(known).toEqual(keys);
    expect(keys.length).toBeGreaterThan(10);
  });

  it('has WAL that is read to the exact size, whole and as a stream', async () => {
    const files = keys.flatMap((key) => walFileOf(key) ?? []).length;
    expect(files).toBeGreaterThan(3);
    for (const key of keys) {
      const file = walFileOf(key);
      if (file === undefined || !isReadableCompression(file.compression)) continue;
      const content = await decompress(file.compression, read(key), { maxBytes: SEGMENT_BYTES, object: key });
      const stream = decompressStream(file.compression, createReadStream(join(root, key)), key);
      expect(content.equals(await joined(stream))).toBe(true);
      expect(content.length === SEGMENT_BYTES || (file.kind !== 'segment' && content.length > 0)).toBe(true);
    }
  });

  it('has sentinels and metadata that are read, and written as WAL-G did', () => {
    const sentinels = keys.filter((key) => backupOfSentinelKey(key) !== undefined);
    expect(sentinels.length).toBeGreaterThan(0);
    for (const key of sentinels) {
      const sentinel = parseSentinel(read(key), key);
      const backup = backupOfSentinelKey(key);
      const metadata = parseBackupMetadata(read(`basebackups_005/${backup?.name}/metadata.json`), key);
      expect(sentinel.delta?.backupName.includes(backup?.parentSegmentName ?? '?') ?? 'full').toBe(
        backup?.parentSegmentName === undefined ? 'full' : true,
      );
      expect(metadata).toMatchObject({ startLsn: sentinel.startLsn, systemIdentifier: sentinel.systemIdentifier });
      expect(formatBackupMetadata(metadata)).toBe(
        read(`basebackups_005/${backup?.name}/metadata.json`).toString().trim(),
      );
    }
  });

  it('has tars whose entries are those that the list of files names', async () => {
    for (const listKey of keys.filter((key) => key.endsWith('/files_metadata.json'))) {
      const list = parseFilesMetadata(read(listKey), listKey);
      const written = parseFilesMetadata(Buffer.from(formatFilesMetadata(list)), listKey);
      expect(written).toEqual(list);
      for (const [objectName, names] of list.tarFileSets) {
        const key = `${listKey.replace('files_metadata.json', 'tar_partitions/')}${objectName}`;
        const compression = parseTarObjectName(objectName)?.compression ?? 'none';
        if (!isReadableCompression(compression)) continue;
        const found: string[] = [];
        const content = decompressStream(compression, createReadStream(join(root, key)), key);
        for await (const entry of readTar(content, key)) {
          found.push(entry.name);
          if (list.files.get(entry.name)?.isIncremented !== true) continue;
          const increment = await joined(entry.body);
          const about = { name: entry.name, sizeBytes: entry.sizeBytes, pageSizeBytes: 8192 };
          const start = parseIncrementStart(increment, about);
          const blocks = parseIncrementBlocks(increment.subarray(16, start.headerBytes), start, about);
          expect(blocks).toHaveLength(start.pageCount);
        }
        const stored = names.filter((name) => list.files.get(name)?.isSkipped !== true);
        expect(found.toSorted()).toEqual(stored.toSorted());
      }
    }
  });
});
