import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { isFailure } from '../base/failure.ts';
import { formatSegmentName, walSegmentSize } from '../postgres/wal-segment.ts';
import type { SyntheticRecord } from '../../tests/support/synthetic-record.ts';
import { SYNTHETIC_SEGMENT_BYTES, SyntheticWal } from '../../tests/support/synthetic-wal.ts';
import { buildSegmentIndex } from './build-segment-index.ts';
import type { ChangedFile } from './changed-blocks.ts';
import { decodeChangedBlocks, encodeChangedBlocks } from './changed-blocks-section.ts';
import { decodeIndexedBlocks } from './decode.ts';
import { encodeSegmentIndex } from './encode.ts';

const HEAP = 10;
const STORAGE = 2;

interface Reference {
  readonly databaseOid: number;
  readonly filenode: number;
  readonly fork: number;
  readonly block: number;
}

const reference = fc.record<Reference>({
  databaseOid: fc.constantFrom(5, 6),
  filenode: fc.constantFrom(16_400, 16_401, 16_402),
  fork: fc.constantFrom(0, 0, 0, 1, 2, 3),
  block: fc.oneof(fc.nat(20), fc.nat(0xffff_fffe)),
});

function changing(references: readonly Reference[]): SyntheticRecord {
  const blocks = references.map(({ databaseOid, filenode, fork, block }, id) => ({
    id,
    fork,
    relation: { tablespaceOid: 1663, databaseOid, filenode },
    blockNumber: block,
  }));
  // An update, whose rows are in the first block.
  return { resourceManager: HEAP, info: 0x20, xid: 700, blocks, mainData: Buffer.alloc(14) };
}

function cutting(filenode: number, blocks: number): SyntheticRecord {
  const mainData = Buffer.alloc(20);
  mainData.writeUInt32LE(blocks, 0);
  mainData.writeUInt32LE(1663, 4);
  mainData.writeUInt32LE(5, 8);
  mainData.writeUInt32LE(filenode, 12);
  return { resourceManager: STORAGE, info: 0x20, xid: 0, mainData };
}

/** The list as the index of one segment with these records has it. */
function listOf(records: readonly SyntheticRecord[]): readonly ChangedFile[] | undefined {
  const wal = new SyntheticWal({ major: 18 });
  for (const record of records) wal.append(record);
  const [segment] = wal.segments();
  if (segment === undefined) throw new Error('no segment');
  const place = { timeline: 1, index: segment.startLsn / BigInt(SYNTHETIC_SEGMENT_BYTES) };
  const fileName = formatSegmentName(place, walSegmentSize(SYNTHETIC_SEGMENT_BYTES));
  return decodeIndexedBlocks(encodeSegmentIndex(buildSegmentIndex({ fileName, bytes: segment.bytes })), 'index').files;
}

describe('the list of blocks that a segment changes', () => {
  it('is every block of a main fork that a record names, once, in order', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(reference, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 150 }),
        (records) => {
          const model = new Map<string, Set<number>>();
          for (const { databaseOid, filenode, fork, block } of records.flat()) {
            if (fork !== 0) continue;
            const key = `${databaseOid}/${filenode}`;
            model.set(key, (model.get(key) ?? new Set()).add(block));
          }
          const found = listOf(records.map(changing)) ?? [];
          expect(
            Object.fromEntries(found.map(({ file, blocks }) => [`${file.databaseOid}/${file.filenode}`, [...blocks]])),
          ).toEqual(
            Object.fromEntries([...model].map(([key, blocks]) => [key, [...blocks].toSorted((a, b) => a - b)])),
          );
        },
      ),
      { numRuns: 30 },
    );
  });

  it('tells from where on a file is new, whoever cut it', () => {
    const change = changing([{ databaseOid: 5, filenode: 16_400, fork: 0, block: 9 }]);
    const [file] = listOf([cutting(16_400, 7), change, cutting(16_400, 30)]) ?? [];
    expect(file).toMatchObject({ limitBlock: 7, file: { filenode: 16_400 } });
    expect([...(file?.blocks ?? [])]).toEqual([9]);
  });

  it('is not there in an index of an index', () => {
    const wal = new SyntheticWal({ major: 18 });
    wal.append(changing([{ databaseOid: 5, filenode: 1, fork: 0, block: 1 }]));
    const bytes = wal.segments()[0]?.bytes ?? Buffer.alloc(0);
    const index = buildSegmentIndex({ fileName: '000000010000000000000001', bytes });
    expect(decodeIndexedBlocks(encodeSegmentIndex({ ...index }), 'index').files).toBeUndefined();
  });

  it('is refused, naming the object, whatever is in its place', () => {
    const sound = encodeChangedBlocks([
      { file: { tablespaceOid: 1, databaseOid: 2, filenode: 3 }, limitBlock: 4, blocks: Uint32Array.of(5, 9, 300) },
    ]);
    expect(decodeChangedBlocks(sound, 'an object')).toMatchObject([{ limitBlock: 4 }]);
    fc.assert(
      fc.property(fc.nat(sound.length - 1), fc.nat(255), (at, value) => {
        const changed = Buffer.from(sound);
        changed[at] = value;
        try {
          decodeChangedBlocks(changed, 'an object');
        } catch (error) {
          if (!isFailure(error, 'corrupt')) throw error;
          expect(error.message).toContain('an object');
        }
      }),
      { numRuns: 200 },
    );
  });
});
