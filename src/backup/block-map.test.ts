import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import type { ChangedFile } from '../wal-index/changed-blocks.ts';
import { BlockMap } from './block-map.ts';
import type { ChangedBlocks } from './data-directory.ts';

const PER_SEGMENT = 128;
const TABLE = { tablespaceOid: 1663, databaseOid: 5, filenode: 16_384 };

const change = fc.record({
  file: fc.constantFrom(TABLE, { ...TABLE, databaseOid: 6 }),
  limitBlock: fc.option(fc.nat(400), { nil: undefined }),
  blocks: fc.uniqueArray(fc.nat(500)).map((blocks) => Uint32Array.from(blocks.toSorted((a, b) => a - b))),
});

/** All that a piece of {@link PER_SEGMENT} blocks may have. */
function blocksOf({ listed, allFrom }: ChangedBlocks): number[] {
  const from = Math.min(allFrom, PER_SEGMENT);
  return [...listed, ...Array.from({ length: PER_SEGMENT - from }, (_, at) => from + at)];
}

describe('the blocks that WAL has changed', () => {
  it('are those that any segment names, and all from where a file was cut', () => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 6 }), fc.nat(4), (changes: ChangedFile[], segmentNumber) => {
        const map = new BlockMap(PER_SEGMENT);
        for (const one of changes) map.add([one]);
        const ofTable = changes.filter(({ file }) => file === TABLE);
        const model = Array.from({ length: PER_SEGMENT }, (_, block) => block).filter((block) => {
          const number = segmentNumber * PER_SEGMENT + block;
          return ofTable.some(({ limitBlock = Infinity, blocks }) => number >= limitBlock || blocks.includes(number));
        });
        expect(blocksOf(map.changedBlocks(TABLE, segmentNumber))).toEqual(model);
      }),
    );
  });

  it('of a file that no segment names are none', () => {
    expect(blocksOf(new BlockMap(PER_SEGMENT).changedBlocks(TABLE, 0))).toEqual([]);
  });

  it('reach to the last that a number of 32 bits can name', () => {
    const map = new BlockMap(131_072);
    map.add([{ file: TABLE, limitBlock: undefined, blocks: Uint32Array.of(0xffff_fffe) }]);
    expect(map.changedBlocks(TABLE, 32_767)).toEqual({ listed: Uint32Array.of(131_070), allFrom: Infinity });
  });

  it('take no room for what a file that was cut, or is new, may have got since', () => {
    const map = new BlockMap(131_072);
    map.add([{ file: TABLE, limitBlock: 7, blocks: Uint32Array.of(3, 9, 131_071) }]);
    expect(map.changedBlocks(TABLE, 0)).toEqual({ listed: Uint32Array.of(3), allFrom: 7 });
    expect(map.changedBlocks(TABLE, 5)).toEqual({ listed: new Uint32Array(), allFrom: 0 });
  });
});
