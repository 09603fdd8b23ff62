import { describe, expect, it } from 'vitest';

import { parseIncrementBlocks, parseIncrementStart } from './increment.ts';

const PAGE_BYTES = 8192;

/** Fixed part and list of an increment, without pages. */
function increment(fileSizeBytes: bigint, blocks: readonly number[]): Buffer {
  const bytes = Buffer.alloc(16 + 4 * blocks.length);
  bytes.write('wi1U');
  bytes.writeBigUInt64LE(fileSizeBytes, 4);
  bytes.writeUInt32LE(blocks.length, 12);
  blocks.forEach((block, at) => bytes.writeUInt32LE(block, 16 + 4 * at));
  return bytes;
}

function parse(bytes: Buffer, sizeBytes = bytes.length + (PAGE_BYTES * (bytes.length - 16)) / 4): Uint32Array {
  const entry = { name: '/base/5/1259', sizeBytes, pageSizeBytes: PAGE_BYTES };
  return parseIncrementBlocks(bytes.subarray(16), parseIncrementStart(bytes, entry), entry);
}

const refusal = (found: string) =>
  expect.objectContaining({ kind: 'corrupt', message: expect.stringContaining(`/base/5/1259: ${found}`) });

describe('an increment', () => {
  it('tells the blocks whose pages follow', () => {
    expect([...parse(increment(81_920n, [0, 3, 9]))]).toEqual([0, 3, 9]);
  });

  it('may have no pages: only the size changed', () => {
    const entry = { name: 'x', sizeBytes: 16, pageSizeBytes: PAGE_BYTES };
    expect(parseIncrementStart(increment(16_384n, []), entry)).toEqual({
      fileSizeBytes: 16_384,
      pageCount: 0,
      headerBytes: 16,
    });
  });

  it('is refused if its length is not what its pages need', () => {
    expect(() => parse(increment(81_920n, [1]), 16 + 4 + PAGE_BYTES + 1)).toThrow(refusal('1 pages take'));
    expect(() => parse(increment(81_920n, [1]).subarray(0, 15))).toThrow(refusal('it ends inside'));
  });

  it('is refused if a block is out of order, repeated, or beyond the file', () => {
    expect(() => parse(increment(81_920n, [3, 1]))).toThrow(refusal('block 1'));
    expect(() => parse(increment(81_920n, [3, 3]))).toThrow(refusal('block 3'));
    expect(() => parse(increment(81_920n, [10]))).toThrow(refusal('block 10'));
  });

  it('is refused if it does not begin as one, or the file has an impossible size', () => {
    const other = increment(8192n, []);
    other.write('wi2U');
    expect(() => parse(other)).toThrow(refusal('it does not begin'));
    expect(() => parse(increment(8193n, []))).toThrow(refusal('a data file cannot have 8193 bytes'));
    expect(() => parse(increment(2n ** 63n, []))).toThrow(refusal('a data file cannot have'));
    expect(() => parse(increment(2n ** 30n + 8192n, []))).toThrow(refusal('a data file cannot have 1073750016 bytes'));
    expect(() => parse(increment(8192n, [0, 1]))).toThrow(refusal('it has 2 pages, more than a file of 8192 bytes'));
  });
});
