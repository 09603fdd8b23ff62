import { describe, expect, it } from 'vitest';

import { formatFilesMetadata, parseFilesMetadata, type FilesMetadata } from './files-metadata.ts';

const parse = (value: unknown) => parseFilesMetadata(Buffer.from(JSON.stringify(value)), 'files_metadata.json');
const MTIME = '2026-08-21T20:02:30.123456789+02:00';

describe('the list of files of a backup', () => {
  it('is read back as it was written', () => {
    const metadata: FilesMetadata = {
      files: new Map([
        ['/', { isIncremented: false, isSkipped: false, mtimeNs: 1n, updatesCount: 0 }],
        [
          '/base/5/1259',
          { isIncremented: true, isSkipped: false, mtimeNs: 1_700_000_000_123_456_789n, updatesCount: 7 },
        ],
        [
          '__proto__',
          {
            isIncremented: false,
            isSkipped: true,
            mtimeNs: 0n,
            updatesCount: 0,
            corruptBlocks: { count: 3, blocks: [7] },
          },
        ],
      ]),
      tarFileSets: new Map([['part_001.tar.zst', ['/', '/base/5/1259']]]),
      databasesByNames: { postgres: { oid: 5 } },
    };
    expect(parseFilesMetadata(Buffer.from(formatFilesMetadata(metadata)), 'x')).toEqual(metadata);
  });

  it('may lack what WAL-G leaves out', () => {
    expect(parse({})).toEqual({ files: new Map(), tarFileSets: new Map() });
    expect(parse({ Files: { 'base/1': { MTime: MTIME } }, TarFileSets: null })).toEqual({
      files: new Map([
        ['base/1', { isIncremented: false, isSkipped: false, mtimeNs: 1_787_335_350_123_456_789n, updatesCount: 0 }],
      ]),
      tarFileSets: new Map(),
    });
    expect(formatFilesMetadata({ files: new Map(), tarFileSets: new Map() })).toBe('{"Files":{}}');
  });

  it.each([
    ['as an object', { CorruptBlocksCount: 12, SomeCorruptBlocks: [7, 9] }, { count: 12, blocks: [7, 9] }],
    ['as a bare list', [7, 9], { count: 2, blocks: [7, 9] }],
    ['as an object with null for none', { CorruptBlocksCount: 1, SomeCorruptBlocks: null }, { count: 1, blocks: [] }],
  ])('tells corrupt blocks %s', (_form, value, expected) => {
    expect(parse({ Files: { a: { MTime: MTIME, CorruptBlocks: value } } }).files.get('a')?.corruptBlocks).toEqual(
      expected,
    );
  });

  it.each([
    ['a file without a time', { Files: { '/a': {} } }, 'Files./a.MTime'],
    ['a file that is a number', { Files: { '/a': 5 } }, 'Files./a'],
    ['a flag that is none', { Files: { '/a': { MTime: MTIME, IsSkipped: 'yes' } } }, 'Files./a.IsSkipped'],
    ['blocks that are none', { Files: { '/a': { MTime: MTIME, CorruptBlocks: [-1] } } }, 'Files./a.CorruptBlocks'],
    ['a tar with a number in it', { TarFileSets: { 'part_001.tar': [1] } }, 'TarFileSets.part_001.tar'],
  ])('is refused with %s, naming it', (_what, value, path) => {
    const refusal = expect.objectContaining({ kind: 'corrupt', message: expect.stringContaining(`: ${path}`) });
    expect(() => parse(value)).toThrow(refusal);
  });
});
