/**
 * Increments whose blocks, sizes or counts lie, applied to a file as a restore applies them.
 *
 * @module
 */

import { closeSync, openSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { isFailure } from '../../../src/base/failure.ts';
import { IncrementWriter } from '../../../src/restore/increment-writer.ts';
import { formatIncrementHeader } from '../../../src/walg/increment.ts';
import type { Random } from '../../../tests/support/random.ts';
import { changeBytes } from './change-bytes.ts';
import type { HostileKind, HostileOutcome } from './hostile-kind.ts';
import { ScratchPlace } from './scratch-place.ts';

const OBJECT = 'basebackups_005/base_000000010000000000000002/tar_partitions/part_001.tar';
const PAGE = 8192;
const SEGMENT_PAGES = 131_072;
const LARGEST_READ_BYTES = 4 * 1024 * 1024;
const LYING_SIZES = [0n, 1n, 8191n, 8192n, 2n ** 30n, 2n ** 30n + 8192n, 2n ** 40n, 2n ** 53n + 1n, 2n ** 64n - 1n];
const LYING_NUMBERS = [0, 1, 15, 16, 131_071, 131_072, 0x7fff_ffff, 0xffff_ffff];

interface MadeIncrement {
  readonly bytes: Buffer;
  readonly expected: Buffer;
}

function make(before: Buffer, random: Random): MadeIncrement {
  const filePages = random.between(0, 16);
  const blocks = Array.from({ length: filePages }, (_, block) => block).filter(() => random.chance(0.3));
  const pages = blocks.map((block) => Buffer.alloc(PAGE, block + 100));
  const expected = Buffer.alloc(filePages * PAGE);
  before.copy(expected);
  for (const [at, block] of blocks.entries()) pages[at]?.copy(expected, block * PAGE);
  return { bytes: Buffer.concat([formatIncrementHeader(filePages * PAGE, blocks), ...pages]), expected };
}

function change(sound: Buffer, random: Random): Buffer {
  if (random.chance(0.4)) return changeBytes(sound, random);
  const bytes = Buffer.from(sound);
  if (random.chance(0.5)) bytes.writeBigUInt64LE(random.pick(LYING_SIZES), 4);
  if (random.chance(0.3)) bytes.writeUInt32LE(random.pick(LYING_NUMBERS), 12);
  for (let at = 16; at + 4 <= bytes.length && at < 80; at += 4) {
    if (random.chance(0.15)) bytes.writeUInt32LE(random.pick(LYING_NUMBERS), at);
  }
  return bytes;
}

async function* once(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes;
}

class IncrementTrials implements AsyncDisposable {
  readonly #scratch: ScratchPlace;
  readonly #file: string;
  readonly #before = Buffer.concat(Array.from({ length: 12 }, (_, block) => Buffer.alloc(PAGE, block)));
  readonly #writer = new IncrementWriter({ pageSizeBytes: PAGE, segmentPages: SEGMENT_PAGES, hasChecksums: true });

  constructor(scratch: ScratchPlace) {
    this.#scratch = scratch;
    this.#file = join(scratch.data, '16384');
  }

  async tryOne(random: Random): Promise<HostileOutcome> {
    writeFileSync(this.#file, this.#before);
    const { bytes, expected } = make(this.#before, random);
    const changed = change(bytes, random);
    const sizeBytes = random.chance(0.9) ? changed.length : random.pick([0, 15, 16, changed.length + 1, 2 ** 52]);
    const wrong = (what: string): HostileOutcome => ({ kind: 'wrong', what: `increment: ${what}`, input: changed });
    try {
      await this.#apply(changed, sizeBytes);
    } catch (error) {
      if (!isFailure(error)) throw error;
      return error.message.includes(OBJECT)
        ? { kind: 'refused' }
        : wrong(`the failure names no object: ${error.message}`);
    }
    const { size } = statSync(this.#file);
    if (size > SEGMENT_PAGES * PAGE || size % PAGE !== 0) return wrong(`the file has ${size} bytes`);
    if (size > LARGEST_READ_BYTES) return { kind: 'different' };
    if (readFileSync(this.#file).equals(expected)) return { kind: 'same' };
    return changed.equals(bytes) ? wrong('a sound one made another file') : { kind: 'different' };
  }

  async #apply(increment: Buffer, sizeBytes: number): Promise<void> {
    const file = openSync(this.#file, 'r+');
    try {
      await this.#writer.apply(file, { name: '16384', object: OBJECT, sizeBytes, body: once(increment) }, () => {});
    } finally {
      closeSync(file);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#scratch[Symbol.asyncDispose]();
  }
}

/** The kind. */
export const INCREMENTS: HostileKind = {
  name: 'increments',
  weight: 4,
  prepare: async () => new IncrementTrials(await ScratchPlace.make()),
};
