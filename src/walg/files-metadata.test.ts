import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { isFailure } from '../base/failure.ts';
import { formatFilesMetadata, limitsOfHeap, parseFilesMetadata, type FilesMetadata } from './files-metadata.ts';
import { MAX_JSON_BYTES } from './json64.ts';

const written = (metadata: FilesMetadata) => Buffer.concat([...formatFilesMetadata(metadata)]);
const parseText = (text: string, limits?: { pieceBytes: number; maxEntries: number }) =>
  parseFilesMetadata(Buffer.from(text), 'files_metadata.json', limits);
const parse = (value: unknown) => parseText(JSON.stringify(value));
const inPieces = (pieceBytes: number) => ({ pieceBytes, maxEntries: 1000 });
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

/** A JSON object of these members, in this order, with those that are there twice. */
const objectOf = (members: readonly (readonly [string, string])[]) =>
  `{${members.map(([name, value]) => `${JSON.stringify(name)}:${value}`).join(',')}}`;

const names = fc.constantFrom('/', '/base/5/1259', '/base/5/1259_fsm', '__proto__', '7', '"},"', 'é\u2028');
const json = (arbitrary: fc.Arbitrary<unknown>) => arbitrary.map((value) => JSON.stringify(value));
const descriptions = json(
  fc.record(
    {
      MTime: fc.constantFrom(MTIME, '1970-01-01T00:00:00Z'),
      IsSkipped: fc.constantFrom(true, false, null),
      CorruptBlocks: fc.record({ CorruptBlocksCount: fc.nat(), SomeCorruptBlocks: fc.array(fc.nat()) }),
      UpdatesCount: fc.nat(),
      Other: fc.jsonValue(),
    },
    { requiredKeys: ['MTime'] },
  ),
);
const wrongDescriptions = fc.constantFrom(
  'null',
  '5',
  '[]',
  '{}',
  '{"MTime":"today"}',
  `{"MTime":"${MTIME}","IsSkipped":1}`,
);
const files = fc
  .tuple(
    fc.array(fc.tuple(names, descriptions)),
    fc.option(fc.tuple(fc.constant('/wrong'), wrongDescriptions), { freq: 8 }),
  )
  .map(([sound, wrong]) => objectOf(wrong === null ? sound : [...sound, wrong]));
const tars = fc
  .array(fc.tuple(fc.constantFrom('part_001.tar.zst', 'part_002.tar.zst'), json(fc.option(fc.array(names)))))
  .map(objectOf);
const cases = (key: string) => fc.constantFrom(key, key, key, key.toLowerCase(), key.toUpperCase());
const rarely = (arbitrary: fc.Arbitrary<string>) =>
  fc.oneof({ arbitrary, weight: 8 }, { arbitrary: fc.constantFrom('null', '5', '[1]', '"text"'), weight: 1 });
const lists = fc
  .array(
    fc.oneof(
      fc.tuple(cases('Files'), rarely(files)),
      fc.tuple(cases('TarFileSets'), rarely(tars)),
      fc.tuple(cases('DatabasesByNames'), json(fc.jsonValue())),
      fc.tuple(names, json(fc.jsonValue())),
    ),
    { maxLength: 6 },
  )
  .map(objectOf);

function outcomeOf(readIt: () => FilesMetadata): FilesMetadata | { kind: string; message: string } {
  try {
    return readIt();
  } catch (error) {
    if (isFailure(error)) return { kind: error.kind, message: error.message };
    throw error;
  }
}

describe('a list of files that is read in pieces', () => {
  it('says what it says when it is read at once, and is refused for the same', () => {
    fc.assert(
      fc.property(lists, fc.nat(200), (text, pieceBytes) => {
        const once = outcomeOf(() => parseText(text));
        expect(outcomeOf(() => parseText(text, inPieces(pieceBytes)))).toEqual(once);
      }),
      { numRuns: 1000 },
    );
  });

  it('is refused when it is cut short, wherever', () => {
    const text = written({
      files: new Map([
        ['/base/5/1259', { isIncremented: false, isSkipped: false, mtimeNs: 0n, updatesCount: 0 }],
        ['/base/5/1260', { isIncremented: false, isSkipped: false, mtimeNs: 0n, updatesCount: 0 }],
      ]),
      tarFileSets: new Map([['part_001.tar.zst', ['/base/5/1259', '/base/5/1260']]]),
      databasesByNames: { postgres: { oid: 5 } },
    }).toString();
    const refusal = expect.objectContaining({
      kind: 'corrupt',
      message: expect.stringContaining('files_metadata.json'),
    });
    for (let length = 0; length < text.length; length += 1) {
      for (const pieceBytes of [0, 10, 50, length - 1]) {
        expect(() => parseText(text.slice(0, length), inPieces(pieceBytes))).toThrow(refusal);
      }
    }
  });

  it.each([
    ['in another property', '{"Files":{},"Other":[1,2,3,4,5,6,}'],
    ['in a property that another one replaces', '{"Files":{"a":[1,2,3,4,5,6,]},"Files":{}}'],
    ['in a property whose case is not the right one', '{"files":{"a":[1,2,3,4,5,6,]},"Files":{}}'],
  ])('is refused for what is no JSON %s', (_where, text) => {
    const refusal = expect.objectContaining({ kind: 'corrupt', message: expect.stringContaining('it is not JSON') });
    expect(() => parseText(text, inPieces(8))).toThrow(refusal);
    expect(() => parseText(text)).toThrow(refusal);
  });

  it.each([
    ['files', { Files: { a: { MTime: MTIME }, b: { MTime: MTIME } } }],
    ['tars', { TarFileSets: { a: [], b: [] } }],
    ['names in tars', { TarFileSets: { a: ['x', 'y'] } }],
    ['files and tars', { Files: { a: { MTime: MTIME } }, TarFileSets: { a: [] } }],
  ])('is refused with more %s than there is memory for', (_what, value) => {
    const refusal = expect.objectContaining({
      kind: 'refused',
      message: 'cannot read files_metadata.json: it lists more files than there is memory for, 1 entries',
      remedy: expect.stringContaining('--max-old-space-size'),
    });
    for (const pieceBytes of [0, 1000]) {
      expect(() => parseText(JSON.stringify(value), { pieceBytes, maxEntries: 1 })).toThrow(refusal);
    }
  });

  it('may have as many as the heap holds, and a map', () => {
    expect(limitsOfHeap(3e9).maxEntries).toBe(10_000_000);
    expect(limitsOfHeap(64e9).maxEntries).toBe(16_000_000);
  });

  it('may be longer than any string', { timeout: 60_000 }, () => {
    const count = 70;
    const bytes = longList(MAX_JSON_BYTES + 16 * 1024 * 1024, count);
    const read = parseFilesMetadata(bytes, 'files_metadata.json');
    expect([...read.files.keys()].map((name) => name.slice(0, 3))).toEqual(
      Array.from({ length: count }, (_, at) => `${at}/aa`.slice(0, 3)),
    );
  });
});

/** A list of some files with long names. */
function longList(sizeBytes: number, count: number): Buffer {
  const bytes = Buffer.alloc(sizeBytes, 'a');
  const entryBytes = Math.floor(sizeBytes / (count + 1));
  const end = `":{"MTime":"${MTIME}"}`;
  for (let at = 0; at < count; at += 1) {
    bytes.write(`${at === 0 ? '{"Files":{' : ','}"${at}/`, at * entryBytes);
    bytes.write(end, (at + 1) * entryBytes - end.length);
  }
  bytes.fill(' ', count * entryBytes);
  bytes.write('}}', sizeBytes - 2);
  return bytes;
}
