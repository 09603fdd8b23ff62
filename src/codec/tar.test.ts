import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { inPieces, joined, noise } from '../../tests/support/pieces.ts';
import { isFailure } from '../base/failure.ts';
import { TAR_BLOCK_BYTES, TAR_END, tarChecksum, tarHeader, tarPadding, type TarHeader } from './tar-header.ts';
import { readTar, type TarEntry } from './tar-reader.ts';

type Read = Omit<TarEntry, 'body'> & { content: Buffer };

const DEFAULTS = { type: 'file', sizeBytes: 0, mode: 0o600, uid: 0, gid: 0, mtimeSeconds: 0 } as const;

function header(about: Partial<TarHeader> & { name: string }): TarHeader {
  return { ...DEFAULTS, ...about };
}

function tarOf(...entries: readonly (readonly [TarHeader, Buffer])[]): Buffer {
  const parts = entries.flatMap(([about, content]) => [tarHeader(about), content, tarPadding(content.length)]);
  return Buffer.concat([...parts, TAR_END]);
}

async function read(tar: Buffer, ...sizesBytes: number[]): Promise<Read[]> {
  const entries: Read[] = [];
  for await (const { body, ...about } of readTar(inPieces(tar, ...sizesBytes), 'part_001.tar')) {
    entries.push({ ...about, content: await joined(body) });
  }
  return entries;
}

async function firstEntry(tar: Buffer): Promise<TarEntry | undefined> {
  const entries = readTar(inPieces(tar, 512), 'x');
  const first = await entries.next();
  return first.done === true ? undefined : first.value;
}

const corruptFailure = (found: string | RegExp) =>
  expect.objectContaining({ kind: 'corrupt', message: expect.stringMatching(found) });

const two = tarOf(
  [header({ name: '/base/1/1259', sizeBytes: 1000 }), noise(1000)],
  [header({ name: '/PG_VERSION', sizeBytes: 3 }), Buffer.from('18\n')],
);

describe('a tar header', () => {
  it('reads back as it was written, whatever the name, the size and the owner', async () => {
    const name = fc.oneof(
      fc.string({ minLength: 1, maxLength: 300, unit: 'grapheme' }),
      fc
        .array(fc.stringMatching(/^[a-z0-9]{1,60}$/), { minLength: 1, maxLength: 8 })
        .map((parts) => `/${parts.join('/')}`),
    );
    const about = fc.record({
      name: name.filter((text) => !text.includes('\0')),
      type: fc.constant('symlink' as const),
      sizeBytes: fc.constant(0),
      mode: fc.integer({ min: 0, max: 0o7777 }),
      uid: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
      gid: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
      mtimeSeconds: fc.integer({ min: 0, max: 2 ** 34 }),
      linkName: name.filter((text) => !text.includes('\0')),
    });
    await fc.assert(
      fc.asyncProperty(about, async (written) => {
        const [entry] = await read(tarOf([written, Buffer.alloc(0)]));
        expect(entry).toEqual({ ...written, content: Buffer.alloc(0) });
      }),
      { numRuns: 300 },
    );
  });

  it('is one block for what fits, as WAL-G writes it, and no slash is added to a directory', () => {
    const block = tarHeader(header({ name: '/base', type: 'directory', mode: 0o700, mtimeSeconds: 1_700_000_000 }));
    expect(block).toHaveLength(TAR_BLOCK_BYTES);
    expect(block.toString('latin1', 0, 6)).toBe('/base\0');
    expect(block.toString('latin1', 257, 265)).toBe('ustar\x0000');
  });

  it('holds a size of more than eight gigabytes', async () => {
    const sizeBytes = 9 * 2 ** 30;
    const tar = tarHeader(header({ name: '/big', sizeBytes }));
    expect((await firstEntry(tar))?.sizeBytes).toBe(sizeBytes);
  });

  it('is refused for a name that no tar can hold', () => {
    for (const name of ['', 'a\0b']) {
      expect(() => tarHeader(header({ name }))).toThrow(expect.objectContaining({ kind: 'refused' }));
    }
  });
});

describe('a tar as it is read', () => {
  it('does not depend on how it was cut', async () => {
    const whole = await read(two);
    expect(whole.map(({ name, content }) => [name, content.length])).toEqual([
      ['/base/1/1259', 1000],
      ['/PG_VERSION', 3],
    ]);
    for (const sizes of [[1], [7, 512], [511, 2, 1000]]) expect(await read(two, ...sizes)).toEqual(whole);
  });

  it('goes on to the next entry when a body was not read, or not to its end', async () => {
    const names: string[] = [];
    for await (const entry of readTar(inPieces(two, 100), 'x')) {
      names.push(entry.name);
      for await (const piece of entry.body) {
        expect(piece.length).toBeGreaterThan(0);
        break;
      }
    }
    expect(names).toEqual(['/base/1/1259', '/PG_VERSION']);
  });

  it('may lack its end and the padding of the last entry, as WAL-G leaves them out', async () => {
    const whole = await read(two);
    const lastContentEnd = two.length - TAR_END.length - (TAR_BLOCK_BYTES - 3);
    for (const length of [two.length - 1, two.length - 512, two.length - 1024, lastContentEnd, lastContentEnd + 100]) {
      expect(await read(two.subarray(0, length))).toEqual(whole);
    }
  });

  it('is refused when it ends anywhere inside an entry or a header', async () => {
    const firstEnds = TAR_BLOCK_BYTES + 1024;
    const paddingStarts = TAR_BLOCK_BYTES + 1000;
    const contentEnds = firstEnds + TAR_BLOCK_BYTES + 3;
    for (let length = 1; length < contentEnds; length += 1) {
      if (length >= paddingStarts && length <= firstEnds) continue;
      await expect(read(two.subarray(0, length))).rejects.toEqual(corruptFailure('it ends inside'));
    }
  });

  it('may be followed by zeros, and by nothing else', async () => {
    const zeros = Buffer.alloc(200_000);
    expect(await read(Buffer.concat([two, zeros]))).toHaveLength(2);
    zeros[199_999] = 1;
    await expect(read(Buffer.concat([two, zeros]))).rejects.toEqual(corruptFailure('follows the end'));
    await expect(read(Buffer.concat([two, two]))).rejects.toEqual(corruptFailure('follows the end'));
  });

  it('is refused when a header does not match its checksum', async () => {
    const changed = Buffer.from(two);
    changed.write('X', 1);
    await expect(read(changed)).rejects.toEqual(corruptFailure('checksum of a tar header is wrong at byte 0'));
  });

  it('is refused, without allocating, when a description claims to be huge', async () => {
    const block = tarHeader(header({ name: 'x', sizeBytes: 2 ** 32 }));
    block.write('x', 156);
    block.write(`${tarChecksum(block).toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
    await expect(read(block)).rejects.toEqual(corruptFailure('claims 4294967296 bytes'));
  });

  it('gives entries or refuses, whatever the bytes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(two.length - 1), fc.uint8Array({ minLength: 1, maxLength: 20 }), async (at, bytes) => {
        const changed = Buffer.from(two);
        changed.set(bytes.subarray(0, changed.length - at), at);
        const block = at - (at % TAR_BLOCK_BYTES);
        const isHeader = block === 0 || block === 3 * TAR_BLOCK_BYTES;
        if (isHeader)
          changed.write(`${tarChecksum(changed.subarray(block)).toString(8).padStart(6, '0')}\0 `, block + 148);
        const outcome = await read(changed).catch((error: unknown) => error);
        expect(Array.isArray(outcome) || isFailure(outcome, 'corrupt')).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});

describe('the tar program of this machine', () => {
  let folder = '';
  const longName = `${'deep/'.repeat(40)}a-file-whose-path-needs-more-than-two-hundred-and-fifty-five-bytes-${'x'.repeat(90)}`;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'walkback-tar-'));
    const data = join(folder, 'data');
    mkdirSync(dirname(join(data, longName)), { recursive: true });
    writeFileSync(join(data, longName), noise(700));
    writeFileSync(join(data, 'ünïcödé'), 'text');
    writeFileSync(join(data, 'empty'), '');
    symlinkSync('target', join(data, 'link'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it.each(['ustar', 'pax', 'gnu'])('writes %s archives that are read', async (format) => {
    const left = format === 'ustar' ? ['ünïcödé', 'empty', 'link'] : ['.'];
    const tar = execFileSync('tar', ['-C', join(folder, 'data'), `--format=${format}`, '-cf', '-', ...left]);
    const entries = new Map((await read(tar, 10_240)).map((entry) => [entry.name.replace(/^\.\//, ''), entry]));
    expect(entries.get('ünïcödé')?.content.toString()).toBe('text');
    expect(entries.get('empty')).toMatchObject({ type: 'file', sizeBytes: 0 });
    expect(entries.get('link')).toMatchObject({ type: 'symlink', linkName: 'target', sizeBytes: 0 });
    const isLongNameRead = entries.get(longName)?.content.equals(noise(700)) ?? false;
    expect(isLongNameRead).toBe(format !== 'ustar');
  });

  it('extracts what we write', () => {
    const archive = join(folder, 'ours.tar');
    const content = noise(5000);
    writeFileSync(
      archive,
      tarOf(
        [header({ name: 'out', type: 'directory', mode: 0o755 }), Buffer.alloc(0)],
        [header({ name: `out/${longName.replaceAll('deep/', '')}`, sizeBytes: 5000, mode: 0o644 }), content],
        [header({ name: 'out/ünïcödé', sizeBytes: 4, mode: 0o644 }), Buffer.from('text')],
        [header({ name: 'out/link', type: 'symlink', linkName: 'x'.repeat(150) }), Buffer.alloc(0)],
      ),
    );
    execFileSync('tar', ['-C', folder, '-xf', archive]);
    expect(readFileSync(join(folder, 'out', longName.replaceAll('deep/', ''))).equals(content)).toBe(true);
    expect(readFileSync(join(folder, 'out/ünïcödé'), 'utf8')).toBe('text');
    expect(execFileSync('readlink', [join(folder, 'out/link')], { encoding: 'utf8' }).trim()).toBe('x'.repeat(150));
  });

  it('writes sizes beyond eight gigabytes as base-256 numbers, which are read', async () => {
    const big = join(folder, 'big');
    writeFileSync(big, '');
    truncateSync(big, 9 * 2 ** 30);
    const script = `tar -C ${folder} --format=gnu -cf - big | head -c 1024`;
    const tar = execFileSync('sh', ['-c', script], { stdio: ['ignore', 'pipe', 'ignore'] });
    rmSync(big);
    expect((await firstEntry(tar))?.sizeBytes).toBe(9 * 2 ** 30);
  });
});
