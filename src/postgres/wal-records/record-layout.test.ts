import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { syntheticRecord, type SyntheticBlock, type SyntheticRecord } from '../../../tests/support/synthetic-record.ts';
import { versionByMajor } from '../versions.ts';
import { RecordLayout } from './record-layout.ts';

const V14 = versionByMajor(14);
const V15 = versionByMajor(15);
const RELATION = { tablespaceOid: 1663, databaseOid: 5, filenode: 16_384 };
const HOLE = 0x01;

function parsed(record: SyntheticRecord, version = V15) {
  const bytes = syntheticRecord(record, 0n);
  const layout = new RecordLayout();
  return { bytes, layout, isSound: layout.parse(bytes, 0, bytes.length, version) };
}

const withBlocks = (...blocks: SyntheticBlock[]): SyntheticRecord => ({ resourceManager: 10, blocks });

/** Block references as the server writes them: ids ascend with gaps, some have images, data, the relation before. */
const blocks = fc
  .uniqueArray(fc.integer({ min: 0, max: 32 }), { maxLength: 33 })
  .map((ids) => ids.toSorted((a, b) => a - b))
  .chain((ids) =>
    fc.tuple(...ids.map((id, index) => block(id, index === 0))).map((all): readonly SyntheticBlock[] => all),
  );

function block(id: number, isFirst: boolean): fc.Arbitrary<SyntheticBlock> {
  const oid = fc.integer({ min: 1, max: 0xffff_ffff });
  const relation = fc.record({ tablespaceOid: oid, databaseOid: oid, filenode: oid });
  return fc
    .record({
      fork: fc.integer({ min: 0, max: 3 }),
      willInit: fc.boolean(),
      blockNumber: fc.integer({ min: 0, max: 0xffff_fffe }),
      data: fc.option(fc.uint8Array({ minLength: 1, maxLength: 40 }), { nil: undefined }),
      relation: isFirst ? relation : fc.option(relation, { nil: undefined }),
      imageBytes: fc.option(fc.integer({ min: 1, max: 8192 }), { nil: undefined }),
      isCompressed: fc.boolean(),
    })
    .map(({ data, relation: own, imageBytes, isCompressed, ...rest }) => ({
      ...rest,
      id,
      ...(data && { data: Buffer.from(data) }),
      ...(own && { relation: own }),
      ...(imageBytes !== undefined && { image: image(imageBytes, isCompressed) }),
    }));
}

function image(imageBytes: number, isCompressed: boolean) {
  const bytes = Buffer.alloc(imageBytes, imageBytes);
  if (isCompressed && imageBytes < 4000) return { bytes, info: HOLE | 0x04 | 0x02, holeOffset: 24, holeBytes: 3000 };
  return imageBytes === 8192
    ? { bytes, info: 0x02 }
    : { bytes, info: HOLE | 0x02, holeOffset: Math.min(imageBytes, 24) };
}

describe('the layout of a record', () => {
  it('finds every part of whatever a server can write', () => {
    const record = fc.record({
      blocks,
      mainData: fc.option(fc.uint8Array({ maxLength: 300 }), { nil: undefined }),
      topXid: fc.option(fc.integer({ min: 3, max: 0xffff_ffff }), { nil: undefined }),
      originId: fc.option(fc.integer({ min: 1, max: 0xffff }), { nil: undefined }),
    });
    fc.assert(
      fc.property(record, ({ blocks: written, mainData, topXid, originId }) => {
        const { bytes, layout, isSound } = parsed({
          resourceManager: 10,
          blocks: written,
          ...(mainData && { mainData: Buffer.from(mainData) }),
          ...(topXid !== undefined && { topXid }),
          ...(originId !== undefined && { originId }),
        });
        expect(isSound).toBe(true);
        expect([layout.topXid, layout.originId, layout.blockCount]).toEqual([topXid, originId, written.length]);
        expect(bytes.subarray(layout.mainStart, layout.mainEnd)).toEqual(Buffer.from(mainData ?? []));
        let relation: SyntheticBlock['relation'];
        for (const [index, one] of written.entries()) {
          relation = one.relation ?? relation;
          expect(layout.indexOfBlock(one.id)).toBe(index);
          expect([layout.forks[index], layout.blockNumbers[index]]).toEqual([one.fork, one.blockNumber]);
          expect(layout.willInit[index]).toBe(one.willInit === true ? 1 : 0);
          expect({
            tablespaceOid: layout.tablespaceOids[index],
            databaseOid: layout.databaseOids[index],
            filenode: layout.filenodes[index],
          }).toEqual(relation);
          const dataStart = layout.dataStarts[index] ?? 0;
          expect(bytes.subarray(dataStart, dataStart + (layout.dataBytes[index] ?? 0))).toEqual(
            one.data ?? Buffer.alloc(0),
          );
          const found = layout.image(index);
          expect(found && bytes.subarray(found.imageStart, found.imageStart + found.imageBytes)).toEqual(
            one.image?.bytes,
          );
          expect(found?.applies).toBe(one.image && true);
        }
        expect(written.some(({ id }) => id === 5)).toBe(layout.indexOfBlock(5) >= 0);
      }),
      { numRuns: 200 },
    );
  });

  it('reads the bits of an image as its major means them', () => {
    const bytes = Buffer.alloc(100);
    const compressed = withBlocks({
      id: 0,
      relation: RELATION,
      blockNumber: 7,
      image: { bytes, info: HOLE | 0x02, holeOffset: 40, holeBytes: 2000 },
    });
    const of14 = parsed(compressed, V14).layout.image(0);
    expect(of14).toMatchObject({ compression: 'pglz', applies: false, holeOffset: 40, holeBytes: 2000 });
    const plain = withBlocks({
      id: 0,
      relation: RELATION,
      blockNumber: 7,
      image: { bytes, info: HOLE | 0x02, holeOffset: 40 },
    });
    expect(parsed(plain, V15).layout.image(0)).toMatchObject({ compression: 'none', applies: true, holeBytes: 8092 });
    expect(parsed(compressed, V15).isSound).toBe(false);
    for (const [bit, compression] of [
      [0x04, 'pglz'],
      [0x08, 'lz4'],
      [0x10, 'zstd'],
    ] as const) {
      const record = withBlocks({ id: 0, relation: RELATION, blockNumber: 7, image: { bytes, info: bit } });
      expect(parsed(record, V15).layout.image(0)).toMatchObject({ compression, applies: false, holeBytes: 0 });
    }
  });

  it.each<[string, SyntheticBlock[]]>([
    ['a relation like the one before, with none before', [{ id: 0, blockNumber: 1 }]],
    ['data of no length', [{ id: 0, relation: RELATION, blockNumber: 1, data: Buffer.alloc(0) }]],
    ['a block id of 33', [{ id: 33, relation: RELATION, blockNumber: 1 }]],
    ['a fork of 4', [{ id: 0, fork: 4, relation: RELATION, blockNumber: 1 }]],
    ['ids that do not ascend', [1, 1].map((id) => ({ id, relation: RELATION, blockNumber: 1 }))],
    ['an image of part of a page without a hole', [withImage({ bytes: Buffer.alloc(4096), info: 0 })]],
    ['an image of a page with a hole', [withImage({ bytes: Buffer.alloc(8192), info: HOLE, holeOffset: 24 })]],
    ['an image longer than a page', [withImage({ bytes: Buffer.alloc(8193), info: 0 })]],
    ['a hole at the start', [withImage({ bytes: Buffer.alloc(100), info: HOLE, holeOffset: 0 })]],
    ['a hole behind the page', [withImage({ bytes: Buffer.alloc(100), info: HOLE, holeOffset: 101 })]],
    ['a hole of no length', [withImage({ bytes: Buffer.alloc(100), info: HOLE | 4, holeOffset: 24, holeBytes: 0 })]],
    ['a compressed image as long as the page', [withImage({ bytes: Buffer.alloc(8192), info: 4 })]],
    ['an image compressed twice', [withImage({ bytes: Buffer.alloc(100), info: 4 | 8 })]],
  ])('refuses %s', (_, written) => {
    expect(parsed(withBlocks(...written)).isSound).toBe(false);
  });

  it('refuses a record that is cut or longer than its parts', () => {
    const record = { ...withBlocks(withImage({ bytes: Buffer.alloc(8192), info: 0 })), mainData: Buffer.alloc(9) };
    const bytes = Buffer.concat([syntheticRecord(record, 0n), Buffer.alloc(64)]);
    const layout = new RecordLayout();
    const sound = bytes.length - 64;
    const taken = Array.from({ length: bytes.length - 24 }, (_, index) => index + 24).filter((end) =>
      layout.parse(bytes, 0, end, V15),
    );
    // Cut to its fixed header it is a record without parts, as a segment switch is; cut by the 14 bytes of the main
    // data and their header it is one with the block only. The CRC is what tells these from sound ones.
    expect(taken).toEqual([24, sound - 14, sound]);
  });
});

function withImage(
  written: { bytes: Buffer; info: number; holeOffset?: number; holeBytes?: number },
  id = 0,
): SyntheticBlock {
  return { id, relation: RELATION, blockNumber: 1, image: written };
}
