import { describe, expect, it } from 'vitest';

import { checkWalFile } from './check-wal-file.ts';
import { segmentBytes } from './testing/segment-bytes.ts';

const NAME = '0000000200000000000000A1';
const SIZE = 1024 * 1024;
const good = () => segmentBytes({ name: NAME, sizeBytes: SIZE, systemIdentifier: 7n });
const check = (bytes: Buffer, name = NAME) =>
  checkWalFile(bytes, name, 'the file', { systemIdentifier: 7n, walSegmentSizeBytes: SIZE });

function changed(change: (bytes: Buffer) => void): Buffer {
  const bytes = good();
  change(bytes);
  return bytes;
}

describe('a WAL segment', () => {
  it('is taken when everything fits, also on a page of an earlier timeline, and as .partial', () => {
    check(good());
    check(changed((bytes) => bytes.writeUInt32LE(1, 4)));
    check(good(), `${NAME}.partial`);
  });

  it.each([
    ['it is empty', Buffer.alloc(0), 'it has 0 bytes'],
    ['it is half', good().subarray(0, SIZE / 2), 'it has 524288 bytes'],
    ['it has more behind its end', Buffer.concat([good(), Buffer.alloc(1)]), 'it has 1048577 bytes'],
    ['it is zeros', Buffer.alloc(SIZE), 'it begins with zeros'],
    ['its first page is no first page', changed((bytes) => bytes.writeUInt16LE(4, 2)), 'flags'],
    [
      'it is another segment',
      segmentBytes({ name: '0000000200000000000000A2', sizeBytes: SIZE, systemIdentifier: 7n }),
      'the name says',
    ],
    ['it is of a later timeline', changed((bytes) => bytes.writeUInt32LE(3, 4)), 'timeline 3'],
    [
      'it says that it is larger',
      changed((bytes) => bytes.writeUInt32LE(2 * SIZE, 32)),
      'a segment of this cluster has',
    ],
    ['it says an impossible size', changed((bytes) => bytes.writeUInt32LE(12345, 32)), 'which no cluster'],
  ])('is damaged when %s', (_why, bytes, found) => {
    expect(() => check(bytes)).toThrow(
      expect.objectContaining({ kind: 'corrupt', message: expect.stringContaining(found) }),
    );
  });

  it('is refused when it is of an unknown PostgreSQL', () => {
    expect(() => check(changed((bytes) => bytes.writeUInt16LE(0xd999, 0)))).toThrow(
      expect.objectContaining({ kind: 'refused' }),
    );
  });

  it("is a conflict when it is another cluster's", () => {
    const foreign = segmentBytes({ name: NAME, sizeBytes: SIZE, systemIdentifier: 8n });
    expect(() => check(foreign)).toThrow(
      expect.objectContaining({ kind: 'conflict', message: expect.stringContaining('system 8') }),
    );
  });
});

describe('another WAL file', () => {
  it('is taken when it is what its name says', () => {
    check(Buffer.from('1\t0/3000000\tno recovery target specified\n'), '00000002.history');
    check(
      Buffer.from('START WAL LOCATION: 0/2000028 (file 000000010000000000000002)\n'),
      '000000010000000000000002.00000028.backup',
    );
  });

  it.each([
    ['an empty history file', '', '00000002.history'],
    ['a history file of nonsense', 'one\ttwo\n', '00000002.history'],
    ['a backup history file of zeros', '\0\0\0\0', '000000010000000000000002.00000028.backup'],
  ])('is damaged when it is %s', (_what, text, name) => {
    expect(() => check(Buffer.from(text), name)).toThrow(expect.objectContaining({ kind: 'corrupt' }));
  });

  it.each(['../../etc/passwd', '00000001000000000000000', 'RECOVERYXLOG', '', '000000010000000000000002.zst'])(
    'is refused by the name %j',
    (name) => {
      expect(() => check(good(), name)).toThrow(expect.objectContaining({ kind: 'usage' }));
    },
  );
});
