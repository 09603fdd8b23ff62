import { describe, expect, it } from 'vitest';

import { formatFilesMetadata, parseFilesMetadata, type FilesMetadata } from './files-metadata.ts';

const written = (metadata: FilesMetadata) => Buffer.concat([...formatFilesMetadata(metadata)]);
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
    expect(parseFilesMetadata(written(metadata), 'x')).toEqual(metadata);
  });

  it('is written in pieces that are together what one text would be', () => {
    const names = Array.from({ length: 10_000 }, (_, at) => `/base/5/${16_384 + at}“<&>”\u2028`);
    const corruptBlocks = { count: 3, blocks: [7, 8, 9] };
    const metadata: FilesMetadata = {
      files: new Map(
        names.map((name, at) => [
          name,
          {
            isIncremented: at % 3 === 0,
            isSkipped: at % 3 === 1,
            mtimeNs: 0n,
            updatesCount: at,
            ...(at % 5 === 0 ? { corruptBlocks } : {}),
          },
        ]),
      ),
      tarFileSets: new Map([
        ['part_001.tar.zst', names.slice(0, 5000)],
        ['part_002.tar.zst', []],
        ['part_003.tar.zst', names.slice(5000)],
      ]),
      databasesByNames: { postgres: { oid: 5, tables: { 'public.<t>': 18_446_744_073_709_551_615n } } },
    };
    const files = names.map((name, at) => [
      name,
      {
        IsIncremented: at % 3 === 0,
        IsSkipped: at % 3 === 1,
        MTime: '1970-01-01T00:00:00Z',
        ...(at % 5 === 0 ? { CorruptBlocks: { CorruptBlocksCount: 3, SomeCorruptBlocks: [7, 8, 9] } } : {}),
        UpdatesCount: at,
      },
    ]);
    const whole = JSON.stringify({
      Files: Object.fromEntries(files),
      TarFileSets: Object.fromEntries(metadata.tarFileSets),
    });
    const databases = String.raw`{"postgres":{"oid":5,"tables":{"public.\u003ct\u003e":18446744073709551615}}}`;
    expect([...formatFilesMetadata(metadata)].length).toBeGreaterThan(3);
    expect(written(metadata).toString()).toBe(`${whole.slice(0, -1)},"DatabasesByNames":${databases}}`);
  });

  it('may lack what WAL-G leaves out', () => {
    expect(parse({})).toEqual({ files: new Map(), tarFileSets: new Map() });
    expect(parse({ Files: { 'base/1': { MTime: MTIME } }, TarFileSets: null })).toEqual({
      files: new Map([
        ['base/1', { isIncremented: false, isSkipped: false, mtimeNs: 1_787_335_350_123_456_789n, updatesCount: 0 }],
      ]),
      tarFileSets: new Map(),
    });
    expect(written({ files: new Map(), tarFileSets: new Map() }).toString()).toBe('{"Files":{}}');
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
