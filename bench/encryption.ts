/**
 * What encryption costs: CPU time on one thread, of objects that are whole (WAL segments, compressed) and of streams (parts of
 * backups), beside compressing and decompressing the same bytes with zstd and lz4.
 *
 * @module
 */

import { randomBytes } from 'node:crypto';

import { generateKey } from 'openpgp';

import type { Cipher } from '../src/base/cipher.ts';
import { compressSync, decompressSync } from '../src/codec/compression.ts';
import { libsodiumCipher } from '../src/codec/libsodium/libsodium-cipher.ts';
import { openKeyRing } from '../src/codec/openpgp/key-ring.ts';
import { openPgpCipher } from '../src/codec/openpgp/openpgp-cipher.ts';
import { inPieces, pages } from '../tests/support/pieces.ts';
import { median } from './measure.ts';
import { machine } from './report.ts';

const STREAM_BYTES = 128 * 1024 * 1024;
const OBJECT_BYTES = 4 * 1024 * 1024;
const OBJECTS = 16;
const PIECE_BYTES = 1024 * 1024;
const OBJECT = 'an object';

/** Some work, and how many bytes it goes through. */
interface Discipline {
  readonly name: string;
  readonly sizeBytes: number;
  readonly run: () => unknown;
}

async function drained(pieces: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const _ of pieces);
}

async function disciplinesOf(cipher: Cipher): Promise<Discipline[]> {
  const stream = randomBytes(STREAM_BYTES);
  const object = randomBytes(OBJECT_BYTES);
  const storedStream = Buffer.concat(await Array.fromAsync(cipher.encryptStream(inPieces(stream, PIECE_BYTES))));
  const storedObject = await cipher.encrypt(object);
  const times = async (work: () => Promise<unknown>): Promise<void> => {
    for (let left = OBJECTS; left > 0; left -= 1) await work();
  };
  const [whole, streamed] = [OBJECTS * OBJECT_BYTES, STREAM_BYTES];
  return [
    { name: 'encrypt, whole', sizeBytes: whole, run: () => times(() => cipher.encrypt(object)) },
    { name: 'decrypt, whole', sizeBytes: whole, run: () => times(() => cipher.decrypt(storedObject, OBJECT)) },
    {
      name: 'encrypt, stream',
      sizeBytes: streamed,
      run: () => drained(cipher.encryptStream(inPieces(stream, PIECE_BYTES))),
    },
    {
      name: 'decrypt, stream',
      sizeBytes: streamed,
      run: () => drained(cipher.decryptStream(inPieces(storedStream, PIECE_BYTES), OBJECT)),
    },
  ].map((discipline) => ({ ...discipline, name: `${cipher.name}, ${discipline.name}` }));
}

/** What an object goes through besides, per byte before it is compressed. */
function compressions(): Discipline[] {
  const content = pages(2 * OBJECT_BYTES);
  const limit = { maxBytes: content.length, object: OBJECT };
  return (['zstd', 'lz4'] as const).flatMap((compression) => {
    const stored = compressSync(compression, content);
    return [
      { name: `${compression}, compress`, sizeBytes: content.length, run: () => compressSync(compression, content) },
      {
        name: `${compression}, decompress`,
        sizeBytes: content.length,
        run: () => decompressSync(compression, stored, limit),
      },
    ];
  });
}

async function cpuSecondsOf(run: () => unknown): Promise<number> {
  const before = process.cpuUsage();
  await run();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

async function ciphers(): Promise<Cipher[]> {
  const { privateKey: armored } = await generateKey({ userIDs: [{ name: 'a benchmark' }], format: 'armored' });
  const ring = await openKeyRing({ armored, passphrase: undefined, source: 'a benchmark' });
  return [await libsodiumCipher(randomBytes(32), 'a benchmark'), openPgpCipher(ring, 'a benchmark')];
}

/** Measures them all, `rounds` times in turn, after one round that does not count. */
export async function benchEncryption({ rounds }: { readonly rounds: number }): Promise<string> {
  const all = [...(await Promise.all((await ciphers()).map(disciplinesOf))).flat(), ...compressions()];
  const seconds = new Map<string, number[]>(all.map(({ name }) => [name, []]));
  for (let round = 0; round <= rounds; round += 1) {
    for (const { name, run } of all) {
      const took = await cpuSecondsOf(run);
      if (round > 0) seconds.get(name)?.push(took);
    }
  }
  const rows = all.map(({ name, sizeBytes }) => {
    const middle = median(seconds.get(name) ?? []);
    return `| ${name} | ${(sizeBytes / middle / 1e6).toFixed(0)} |`;
  });
  const head = `${machine()}: ${rounds} interleaved rounds, CPU time, random bytes for ciphers and the like of pages for compressions.`;
  return [head, '', '| work | MB a second of one core |', '| --- | --- |', ...rows, ''].join('\n');
}
