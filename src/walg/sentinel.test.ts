import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { isFailure } from '../base/failure.ts';
import { formatSentinel, parseSentinel, type WrittenSentinel } from './sentinel.ts';
import { lsn } from '../postgres/lsn.ts';

const FULL = 'base_000000010000000000000002';
const parse = (value: unknown) => parseSentinel(Buffer.from(JSON.stringify(value)), 'sentinel.json');
const refusal = (path: string) =>
  expect.objectContaining({ kind: 'corrupt', message: expect.stringContaining(`sentinel.json: ${path}`) });

const DELTA_KEYS = { DeltaLSN: 33554472, DeltaFrom: FULL, DeltaFullName: FULL, DeltaCount: 1 };
const SPEC = { base_prefix: '/data', tablespaces: ['16404'], '16404': { loc: '/mnt/ts1', link: 'pg_tblspc/16404' } };

function isReadOrCorrupt(value: unknown): boolean {
  try {
    return parse(value).version >= 0;
  } catch (error) {
    return isFailure(error, 'corrupt');
  }
}

const written: WrittenSentinel = {
  version: 2,
  startLsn: lsn(2n ** 63n + 40n),
  finishLsn: lsn(2n ** 64n - 1n),
  delta: { backupName: FULL, startLsn: lsn(33554472n), fullBackupName: FULL, count: 1 },
  pgVersionNum: 180001,
  systemIdentifier: 7711034684618954266n,
  uncompressedSizeBytes: 1n,
  compressedSizeBytes: 2n,
  dataCatalogSizeBytes: 3n,
  tablespaceSpec: { basePrefix: '/data', tablespaces: [{ oid: 16404, location: '/mnt/<ts1>' }] },
  userData: { note: 'before the upgrade', id: 12345678901234567890n },
  isFilesMetadataDisabled: true,
  startTimeNs: 1_700_000_000_123_456_000n,
  finishTimeNs: 1_700_000_001_000_000_000n,
  hostname: 'db1',
  dataDirectory: '/data',
  isPermanent: true,
};

describe('a sentinel', () => {
  it('is read back as it was written, to the last bit', () => {
    expect(parseSentinel(Buffer.from(formatSentinel(written)), 'x')).toEqual(written);
  });

  it('has WAL-G’s keys in WAL-G’s order', () => {
    expect(Object.keys(JSON.parse(formatSentinel(written)))).toEqual(
      (
        'LSN DeltaLSN DeltaFrom DeltaFullName DeltaCount PgVersion FinishLSN SystemIdentifier UncompressedSize CompressedSize ' +
        'DataCatalogSize Spec UserData FilesMetadataDisabled ChkpNum Version StartTime FinishTime DateFmt Hostname DataDir ' +
        'IsPermanent'
      ).split(' '),
    );
  });

  it('may be an old one: lower case, without what came later, with DeltaFromLSN and the files inside', () => {
    const { DeltaLSN, ...others } = DELTA_KEYS;
    const sentinel = parse({ lsn: 5, ...others, DeltaFromLSN: DeltaLSN, spec: SPEC, Files: { '/a': {} } });
    expect(sentinel).toMatchObject({ version: 1, startLsn: 5n, delta: { startLsn: 33554472n }, pgVersionNum: 0 });
    expect(sentinel.tablespaceSpec?.tablespaces).toEqual([{ oid: 16404, location: '/mnt/ts1' }]);
    expect(sentinel.embeddedFilesMetadata).toMatchObject({ Files: { '/a': {} } });
  });

  it('may say null, and what nobody knows', () => {
    expect(parse({ LSN: 5, Spec: null, ChkpNum: null, SystemIdentifier: null, New: { x: [1] } })).toEqual(
      parse({ LSN: 5 }),
    );
  });

  it.each(['DeltaLSN', 'DeltaFullName', 'DeltaCount'])('of a delta is refused without %s', (key) => {
    expect(() => parse({ LSN: 5, ...DELTA_KEYS, [key]: undefined })).toThrow(refusal(key));
  });

  it.each(['', '../../x', 'LATEST'])('of a delta is refused when its parent is %j', (name) => {
    expect(() => parse({ LSN: 5, ...DELTA_KEYS, DeltaFrom: name })).toThrow(refusal('DeltaFrom'));
  });

  it.each([
    ['no base', { ...SPEC, base_prefix: undefined }, 'Spec.base_prefix'],
    ['a tablespace it does not describe', { ...SPEC, tablespaces: ['16405'] }, 'Spec.16405'],
    ['a name that is no number', { ...SPEC, tablespaces: ['../x'], '../x': SPEC['16404'] }, 'Spec.../x'],
    ['a relative location', { ...SPEC, '16404': { loc: 'ts1', link: 'pg_tblspc/16404' } }, 'Spec.16404.loc'],
    ['a link elsewhere', { ...SPEC, '16404': { loc: '/ts1', link: '../../etc' } }, 'Spec.16404.link'],
  ])('is refused when its tablespaces have %s', (_what, spec, path) => {
    expect(() => parse({ LSN: 5, Spec: spec })).toThrow(refusal(path));
  });

  it('is read or refused, whatever JSON it is', () => {
    const key = fc.constantFrom(...Object.keys(JSON.parse(formatSentinel(written))), 'other');
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), fc.dictionary(key, fc.jsonValue())), (value) => {
        expect(isReadOrCorrupt(value)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});
