/**
 * Every object of the archives in `fixtures/walg`, which WAL-G wrote, is read.
 */

import { describe, expect, it } from 'vitest';

import { fixtureNames, openFixture } from '../support/fixture-archive.ts';
import { joined } from '../support/pieces.ts';
import { isReadableCompression } from '../../src/base/compression-names.ts';
import { backupOfSentinelKey, parseTarObjectName } from '../../src/walg/backup-names.ts';
import { formatFilesMetadata, parseFilesMetadata } from '../../src/walg/files-metadata.ts';
import { parseIncrementBlocks, parseIncrementStart } from '../../src/walg/increment.ts';
import { formatBackupMetadata, parseBackupMetadata } from '../../src/walg/metadata.ts';
import { walFileOf } from '../../src/walg/object-names.ts';
import { parseSentinel } from '../../src/walg/sentinel.ts';
import { decompress, decompressStream } from '../../src/codec/compression.ts';
import { readTar } from '../../src/codec/tar-reader.ts';

const SEGMENT_BYTES = 16 * 1024 * 1024;

describe('the archives of WAL-G', () => {
  it('are there', () => {
    expect(fixtureNames().length).toBeGreaterThan(5);
  });
});

describe.each(fixtureNames())('the archive %s', async (name) => {
  const { store } = await openFixture(name);
  const keys = (await Array.fromAsync(store.list(''))).map(({ key }) => key);
  const read = async (key: string): Promise<Buffer> => (await store.get(key)) ?? Buffer.alloc(0);
  const streamed = async (key: string): Promise<AsyncIterable<Buffer>> => {
    const pieces = await store.open(key);
    if (pieces === undefined) throw new Error(`${key} is gone`);
    return pieces;
  };

  it('has no object whose name says nothing', () => {
    const known = keys.filter(
      (key) =>
        key.endsWith('.json') ||
        (walFileOf(key) ?? parseTarObjectName(key.slice(key.lastIndexOf('/') + 1))) !== undefined,
    );
    expect(known).toEqual(keys);
    expect(keys.length).toBeGreaterThan(8);
  });

  it('has WAL that is read to the exact size, whole and as a stream', async () => {
    const files = keys.flatMap((key) => walFileOf(key) ?? []).length;
    expect(files).toBeGreaterThan(2);
    for (const key of keys) {
      const file = walFileOf(key);
      if (file === undefined || !isReadableCompression(file.compression)) continue;
      const content = await decompress(file.compression, await read(key), { maxBytes: SEGMENT_BYTES, object: key });
      const stream = decompressStream(file.compression, await streamed(key), key);
      expect(content.equals(await joined(stream))).toBe(true);
      expect(content.length === SEGMENT_BYTES || (file.kind !== 'segment' && content.length > 0)).toBe(true);
    }
  });

  it('has sentinels and metadata that are read, and written as WAL-G did', async () => {
    const sentinels = keys.filter((key) => backupOfSentinelKey(key) !== undefined);
    expect(sentinels.length).toBeGreaterThan(0);
    for (const key of sentinels) {
      const sentinel = parseSentinel(await read(key), key);
      const backup = backupOfSentinelKey(key);
      const stored = await read(`basebackups_005/${backup?.name}/metadata.json`);
      const metadata = parseBackupMetadata(stored, key);
      expect(sentinel.delta?.backupName.includes(backup?.parentSegmentName ?? '?') ?? 'full').toBe(
        backup?.parentSegmentName === undefined ? 'full' : true,
      );
      expect(metadata).toMatchObject({ startLsn: sentinel.startLsn, systemIdentifier: sentinel.systemIdentifier });
      expect(formatBackupMetadata(metadata)).toBe(stored.toString().trim());
    }
  });

  it('has tars whose entries are those that the list of files names', async () => {
    for (const listKey of keys.filter((key) => key.endsWith('/files_metadata.json'))) {
      const list = parseFilesMetadata(await read(listKey), listKey);
      const written = parseFilesMetadata(Buffer.concat([...formatFilesMetadata(list)]), listKey);
      expect(written).toEqual(list);
      for (const [objectName, names] of list.tarFileSets) {
        const key = `${listKey.replace('files_metadata.json', 'tar_partitions/')}${objectName}`;
        const compression = parseTarObjectName(objectName)?.compression ?? 'none';
        if (!isReadableCompression(compression)) continue;
        const found: string[] = [];
        const content = decompressStream(compression, await streamed(key), key);
        for await (const entry of readTar(content, key)) {
          found.push(entry.name);
          if (list.files.get(entry.name)?.isIncremented !== true) continue;
          const increment = await joined(entry.body);
          const about = { name: entry.name, sizeBytes: entry.sizeBytes, pageSizeBytes: 8192 };
          const start = parseIncrementStart(increment, about);
          const blocks = parseIncrementBlocks(increment.subarray(16, start.headerBytes), start, about);
          expect(blocks).toHaveLength(start.pageCount);
        }
        const stored = names.filter((entry) => list.files.get(entry)?.isSkipped !== true);
        expect(found.toSorted()).toEqual(stored.toSorted());
      }
    }
  });
});
