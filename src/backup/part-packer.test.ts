import { createHash } from 'node:crypto';
import { appendFileSync, truncateSync, unlinkSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zstdDecompressSync } from 'node:zlib';

import { describe, expect, it } from 'vitest';

import { decompressSync } from '../codec/compression.ts';
import { readTar } from '../codec/tar-reader.ts';
import { pageChecksum } from '../postgres/page-checksum.ts';
import { lsn } from '../postgres/lsn.ts';
import type { StoredEntry } from './data-directory.ts';
import { createFrameEncoder } from './frame-encoder.ts';
import { formatPartIndex } from './own-objects.ts';
import { corruptFiles } from './page-report.ts';
import { PartPacker, type PackedPart, type PageVerification } from './part-packer.ts';
import { FRAME_BYTES } from './tar-frames.ts';

const PAGE = 8192;

function content(sizeBytes: number, seed: number): Buffer {
  const bytes = Buffer.alloc(sizeBytes);
  for (let at = 0; at < sizeBytes; at++) bytes[at] = (at * seed) >>> (at % 7);
  return bytes;
}

/** Pages that carry their checksums. */
function pages(count: number, firstBlock: number): Buffer {
  const bytes = content(count * PAGE, 3);
  for (let block = 0; block < count; block++) {
    bytes.writeUInt32LE(0, block * PAGE);
    bytes.writeUInt32LE(1000 + block, block * PAGE + 4);
    bytes.writeUInt16LE(100, block * PAGE + 14);
    bytes.writeUInt16LE(pageChecksum(bytes, block * PAGE, firstBlock + block), block * PAGE + 8);
  }
  return bytes;
}

interface Packed {
  readonly part: PackedPart;
  readonly frames: readonly Buffer[];
}

interface PackOptions {
  readonly verification?: PageVerification;
  /** Called with the paths of the files when the packer has stopped for the first time inside the part. */
  readonly meanwhile?: (paths: readonly string[]) => void;
}

async function pack(
  files: Readonly<Record<string, Buffer | undefined>>,
  compression: 'zstd' | 'lz4' | 'none',
  { verification, meanwhile }: PackOptions = {},
): Promise<Packed> {
  const root = await mkdtemp(join(tmpdir(), 'walkback-pack-'));
  try {
    const entries: StoredEntry[] = [];
    const common = { mode: 0o600, uid: 0, gid: 0, mtimeNs: 1_700_000_000_123_456_789n };
    for (const [index, [name, bytes]] of Object.entries(files).entries()) {
      const path = join(root, String(index));
      if (bytes !== undefined) await writeFile(path, bytes);
      const segment = /^\/base\/5\/\d+(?:\.(\d+))?$/.exec(name);
      const paged = segment === null ? {} : { relationSegment: Number(segment[1] ?? 0) };
      entries.push({ ...common, name, path, type: 'file', sizeBytes: bytes?.length ?? 0, ...paged });
    }
    const frames: Buffer[] = [];
    const packer = new PartPacker(verification, { onFrame: (frame) => frames.push(frame) });
    const packing = packer.pack(entries, createFrameEncoder(compression, 1));
    for (let isFirst = true; ; isFirst = false) {
      const step = packing.next();
      if (step.done === true) return { part: step.value, frames };
      if (isFirst) meanwhile?.(entries.map(({ path }) => path));
    }
  } finally {
    await rm(root, { recursive: true });
  }
}

async function* once(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes;
}

/** Digests: comparing megabytes byte by byte takes a test seconds. */
function digest(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

async function untar(bytes: Buffer): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  for await (const entry of readTar(once(bytes), 'part'))
    files[entry.name] = digest(Buffer.concat(await Array.fromAsync(entry.body)));
  return files;
}

const FILES = {
  '/empty': Buffer.alloc(0),
  '/small': content(1000, 5),
  '/large': content(5 * 1024 * 1024 + 4321, 7),
  '/exactly-a-frame': content(FRAME_BYTES, 11),
  '/a-little-more': content(FRAME_BYTES + 1, 13),
  '/last': content(700, 17),
};

describe('a packed part', () => {
  it.each(['zstd', 'lz4', 'none'] as const)('in %s is a tar of the files', async (compression) => {
    const { part, frames } = await pack(FILES, compression);
    const stored = Buffer.concat(frames);
    expect(part.storedBytes).toBe(stored.length);
    const tar = decompressSync(compression, stored, { maxBytes: 1 << 30, object: 'part' });
    expect(await untar(tar)).toEqual(
      Object.fromEntries(Object.entries(FILES).map(([name, bytes]) => [name, digest(bytes)])),
    );
    expect(part.frames.reduce((sum, frame) => sum + frame.tarBytes, 0)).toBe(tar.length);
  });

  it('gives back one file from its frames alone, by the index', async () => {
    const { part, frames } = await pack(FILES, 'zstd');
    const index: unknown = JSON.parse(formatPartIndex('part_001.tar.zst', part).toString());
    expect(index).toMatchObject({ version: 1, object: 'part_001.tar.zst' });
    for (const [name, bytes] of Object.entries(FILES)) {
      const entry = part.entries.find((one) => one.name === name);
      const from = entry?.tarOffset ?? -1;
      const until = from + 512 + Math.ceil(bytes.length / 512) * 512;
      let at = 0;
      const needed: Buffer[] = [];
      let start = 0;
      for (const [number, frame] of part.frames.entries()) {
        const end = at + frame.tarBytes;
        if (end > from && at < until) {
          if (needed.length === 0) start = at;
          needed.push(zstdDecompressSync(frames[number] ?? Buffer.alloc(0)));
        }
        at = end;
      }
      const piece = Buffer.concat(needed).subarray(from - start, until - start);
      expect((await untar(piece))[name], name).toBe(digest(bytes));
      const spare = Buffer.concat(needed).length - (until - from);
      expect(bytes.length <= FRAME_BYTES || spare === 0, `${name} shares no frame`).toBe(true);
    }
  });

  it('leaves out a file that has vanished', async () => {
    const { part } = await pack({ '/there': content(10, 3), '/gone': undefined }, 'none');
    expect(part.vanished).toEqual(['/gone']);
    expect(part.entries.map(({ name }) => name)).toEqual(['/there']);
  });
});

describe('a file that changes while it is packed', () => {
  const SIZE = 5 * FRAME_BYTES + 1234;
  const before = content(SIZE, 7);
  const last = content(700, 17);

  async function packWhile(change: (path: string) => void): Promise<{ part: PackedPart; files: Map<string, Buffer> }> {
    const files = { '/base/5/1': before, '/last': last };
    const { part, frames } = await pack(files, 'zstd', { meanwhile: ([path = '']) => change(path) });
    const tar = decompressSync('zstd', Buffer.concat(frames), { maxBytes: 1 << 30, object: 'part' });
    const out = new Map<string, Buffer>();
    for await (const entry of readTar(once(tar), 'part')) {
      out.set(entry.name, Buffer.concat(await Array.fromAsync(entry.body)));
    }
    return { part, files: out };
  }

  it.each([0, 1, FRAME_BYTES, FRAME_BYTES + 1, 2 * FRAME_BYTES + 77, SIZE - 1])(
    'and shrinks to %d bytes has its size of before, filled up with zeros',
    async (newSize) => {
      const { part, files } = await packWhile((path) => truncateSync(path, newSize));
      const stored = files.get('/base/5/1') ?? Buffer.alloc(0);
      // The first frame had been read when it shrank.
      const kept = Math.max(newSize, FRAME_BYTES);
      expect(digest(stored)).toBe(digest(Buffer.concat([before.subarray(0, kept), Buffer.alloc(SIZE - kept)])));
      expect(part.entries[0]).toMatchObject({ sizeBytes: SIZE, changed: 'shrank' });
      expect(files.get('/last')?.equals(last)).toBe(true);
    },
  );

  it.each([1, 3 * FRAME_BYTES])('and grows by %d bytes is cut at its size of before', async (more) => {
    const { part, files } = await packWhile((path) => appendFileSync(path, Buffer.alloc(more, 1)));
    expect(digest(files.get('/base/5/1') ?? Buffer.alloc(0))).toBe(digest(before));
    expect(part.entries[0]).toMatchObject({ sizeBytes: SIZE, changed: 'grew' });
    expect(files.get('/last')?.equals(last)).toBe(true);
  });

  it('and is deleted stays as it was', async () => {
    const { part, files } = await packWhile((path) => unlinkSync(path));
    expect(digest(files.get('/base/5/1') ?? Buffer.alloc(0))).toBe(digest(before));
    expect(part.vanished).toEqual([]);
  });

  it('is found with the size it has when it is opened, not that of the walk', async () => {
    const files = { '/first': content(2000, 3), '/base/5/2': content(9000, 5) };
    const { part, frames } = await pack(files, 'none', { meanwhile: (paths) => truncateSync(paths[1] ?? '', 100) });
    expect(part.entries.map(({ sizeBytes, changed }) => ({ sizeBytes, changed }))).toEqual([
      { sizeBytes: 2000, changed: undefined },
      { sizeBytes: 100, changed: undefined },
    ]);
    expect((await untar(Buffer.concat(frames)))['/base/5/2']).toBe(digest(content(9000, 5).subarray(0, 100)));
  });
});

describe('the pages of a packed part', () => {
  const verification = { startLsn: 2000n, blocksPerSegment: 131_072 };

  it('are sound when they carry their checksums, also in a later segment', async () => {
    const { part } = await pack({ '/base/5/1': pages(600, 0), '/base/5/1.2': pages(3, 262_144) }, 'none', {
      verification,
    });
    expect(corruptFiles(part.entries, 5000n)).toEqual([]);
  });

  it('are found when they do not, each by its block', async () => {
    const damaged = pages(600, 0);
    damaged[PAGE * 3 + 100] = (damaged[PAGE * 3 + 100] ?? 0) ^ 1;
    damaged[PAGE * 599 + 8000] = (damaged[PAGE * 599 + 8000] ?? 0) ^ 0x80;
    const { part } = await pack({ '/base/5/1': damaged }, 'zstd', { verification });
    expect(corruptFiles(part.entries, 5000n)).toEqual([{ name: '/base/5/1', blocks: [3, 599] }]);
  });

  it('may be torn when they were changed during the backup, and only then', async () => {
    const torn = pages(3, 0);
    torn.writeUInt32LE(Number(lsn(2500n)), PAGE + 4);
    torn.writeUInt32LE(Number(lsn(9000n)), 2 * PAGE + 4);
    const { part } = await pack({ '/base/5/1': torn }, 'none', { verification });
    expect(corruptFiles(part.entries, 5000n)).toEqual([{ name: '/base/5/1', blocks: [2] }]);
  });
});
