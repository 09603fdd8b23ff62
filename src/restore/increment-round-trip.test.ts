/**
 * Increments as they are packed, and as they are applied: one end against the other, with files that change in every way
 * that a server changes them.
 */

import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';

import type { IncrementWish, StoredEntry } from '../backup/data-directory.ts';
import { createFrameEncoder } from '../backup/frame-encoder.ts';
import { PartPacker, type PackedPart } from '../backup/part-packer.ts';
import { readTar } from '../codec/tar-reader.ts';
import { pageChecksum } from '../postgres/page-checksum.ts';
import { IncrementWriter } from './increment-writer.ts';

const PAGE = 8192;
const SINCE = 1000n;
const root = mkdtempSync(join(tmpdir(), 'walkback-increments-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** A page with a header, its checksum, and a content that tells it from others; `undefined`: one never written. */
function page(block: number, lsn: bigint | undefined, content: number): Buffer {
  const bytes = Buffer.alloc(PAGE);
  if (lsn === undefined) return bytes;
  bytes.fill(content, 24);
  bytes.writeUInt32LE(Number(lsn >> 32n), 0);
  bytes.writeUInt32LE(Number(lsn & 0xffff_ffffn), 4);
  bytes.writeUInt16LE(24, 12);
  bytes.writeUInt16LE(4000, 14);
  bytes.writeUInt16LE(PAGE, 16);
  bytes.writeUInt16LE(PAGE | 4, 18);
  bytes.writeUInt16LE(pageChecksum(bytes, 0, block), 8);
  return bytes;
}

const FILE = join(root, 'file');
const VERIFICATION = { startLsn: 5000n, blocksPerSegment: 131_072 };

function packFile(content: Buffer, wish: IncrementWish): { part: PackedPart; tar: Buffer } {
  writeFileSync(FILE, content);
  const entry: StoredEntry = {
    name: '/base/5/16384',
    path: FILE,
    type: 'file',
    sizeBytes: content.length,
    mode: 0o600,
    uid: 0,
    gid: 0,
    mtimeNs: 0n,
    relationSegment: 0,
    increment: wish,
  };
  const frames: Buffer[] = [];
  const packer = new PartPacker(VERIFICATION, { onFrame: (frame) => frames.push(frame) });
  const packing = packer.pack([entry], createFrameEncoder('none', 1));
  for (;;) {
    const step = packing.next();
    if (step.done === true) return { part: step.value, tar: Buffer.concat(frames) };
  }
}

async function* once(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes;
}

/** The file after the packed entry came to what was there before; how it was packed. */
async function applyTo(before: Buffer, { part, tar }: { part: PackedPart; tar: Buffer }) {
  writeFileSync(FILE, before);
  const layout = { pageSizeBytes: PAGE, segmentPages: 131_072, hasChecksums: true };
  for await (const { name, sizeBytes, body } of readTar(once(tar), 'part')) {
    if (part.entries[0]?.isIncremented !== true) {
      return { kind: 'whole', content: Buffer.concat(await Array.fromAsync(body, (piece) => Buffer.from(piece))) };
    }
    const file = openSync(FILE, 'r+');
    try {
      const increment = { name: name.slice(1), object: 'part', sizeBytes, body };
      const { damaged, fileSizeBytes } = await new IncrementWriter(layout).apply(file, increment, () => {});
      expect(damaged).toEqual([]);
      const content = readFileSync(FILE);
      expect(content.length).toBe(fileSizeBytes);
      return { kind: 'increment', content };
    } finally {
      closeSync(file);
    }
  }
  throw new Error('the tar is empty');
}

/** What happened to one block since: nothing, written, never written, or other content at an old position. */
type Change = 'none' | 'written' | 'zeroed';

const CHANGES = fc.array(fc.constantFrom<Change>('none', 'none', 'none', 'written', 'zeroed'), { maxLength: 40 });

describe('an increment', () => {
  it('makes of the file of then the file of now, when page headers tell', async () => {
    await fc.assert(
      fc.asyncProperty(CHANGES, fc.nat(40), async (changes, pagesBefore) => {
        const before = Buffer.concat(Array.from({ length: pagesBefore }, (_, block) => page(block, 500n, block % 250)));
        const now = Buffer.concat(
          changes.map((change, block) => {
            if (change === 'zeroed') return page(block, undefined, 0);
            // A file grows only by pages that are written, or never were.
            return change === 'written' || block >= pagesBefore
              ? page(block, 2000n, 7)
              : page(block, 500n, block % 250);
          }),
        );
        const { content } = await applyTo(before, packFile(now, { sinceLsn: SINCE }));
        expect(content.equals(now)).toBe(true);
      }),
      { numRuns: 15 },
    );
  });

  it('makes the same when the WAL tells', async () => {
    await fc.assert(
      fc.asyncProperty(CHANGES, async (changes) => {
        const before = Buffer.concat(changes.map((_, block) => page(block, 500n, 1)));
        const written = changes.flatMap((change, block) => (change === 'none' ? [] : [block]));
        const now = Buffer.concat(changes.map((change, block) => page(block, 600n, change === 'none' ? 1 : 9)));
        for (const block of written) page(block, 2000n, 9).copy(now, block * PAGE);
        const current = Buffer.from(now);
        changes.forEach((change, block) => change === 'none' && page(block, 500n, 1).copy(current, block * PAGE));
        const blocks = { listed: Uint32Array.from([...written, changes.length + 5]), allFrom: Infinity };
        const { content } = await applyTo(before, packFile(current, { sinceLsn: SINCE, blocks }));
        expect(content.equals(current)).toBe(true);
      }),
      { numRuns: 10 },
    );
  });

  it('of no pages gives the file its length', async () => {
    const before = page(0, 500n, 1);
    const now = Buffer.concat([before, Buffer.alloc(3 * PAGE)]);
    const blocks = { listed: new Uint32Array(), allFrom: Infinity };
    const { kind, content } = await applyTo(before, packFile(now, { sinceLsn: SINCE, blocks }));
    expect(kind).toBe('increment');
    expect(content.equals(now)).toBe(true);
  });

  it('is not made where nearly all has changed, a page has no header, or the file has half a page', () => {
    const all = Buffer.concat(Array.from({ length: 10 }, (_, block) => page(block, 2000n, 3)));
    expect(packFile(all, { sinceLsn: SINCE }).part.entries[0]?.isIncremented).toBeUndefined();
    const odd = Buffer.concat([page(0, 500n, 1), Buffer.alloc(PAGE, 0xff)]);
    expect(packFile(odd, { sinceLsn: SINCE }).part.entries[0]?.isIncremented).toBeUndefined();
    const half = Buffer.concat([page(0, 500n, 1), Buffer.alloc(100)]);
    expect(packFile(half, { sinceLsn: SINCE }).part.entries[0]?.isIncremented).toBeUndefined();
  });

  it('reports pages that do not carry their checksum, also those that it does not hold', () => {
    const bad = page(1, 500n, 1);
    bad.writeUInt8(99, 6000);
    const content = Buffer.concat([page(0, 500n, 1), bad, page(2, 2000n, 1)]);
    expect(packFile(content, { sinceLsn: SINCE }).part.entries[0]).toMatchObject({
      isIncremented: true,
      sizeBytes: 16 + 4 + PAGE,
      pages: { corruptBlocks: [1] },
    });
  });

  it('of a large file leaves in frames of its own, and comes back', async () => {
    const count = 700;
    const before = Buffer.concat(Array.from({ length: count }, (_, block) => page(block, 500n, 1)));
    const now = Buffer.from(before);
    for (let block = 0; block < count; block += block % 50 === 0 ? 2 : 1) page(block, 2000n, 8).copy(now, block * PAGE);
    const blocks = { listed: Uint32Array.from({ length: 300 }, (_, at) => at), allFrom: 390 };
    const { kind, content } = await applyTo(before, packFile(now.subarray(0, 690 * PAGE), { sinceLsn: SINCE, blocks }));
    expect(kind).toBe('increment');
    now.copy(before, 0, 0, 300 * PAGE);
    now.copy(before, 390 * PAGE, 390 * PAGE, 690 * PAGE);
    expect(content.equals(before.subarray(0, 690 * PAGE))).toBe(true);
  });
});
