/**
 * One mutated input, and what is wrong with what the program made of it.
 *
 * Two inputs of three are WAL; the third is the object of an index, of which either any byte is changed, or the inside with
 * all checksums made to fit.
 *
 * @module
 */

import { isFailure } from '../../../src/base/failure.ts';
import { zstdCompressWholeSync, zstdDecompressWholeSync } from '../../../src/codec/zstd.ts';
import { crc32c } from '../../../src/postgres/crc32c.ts';
import type { Lsn } from '../../../src/postgres/lsn.ts';
import { decodeSegmentIndex } from '../../../src/wal-index/decode.ts';
import { encodeSegmentIndex } from '../../../src/wal-index/encode.ts';
import { formatIndexHead, INDEX_HEAD_BYTES, parseIndexHead } from '../../../src/wal-index/index-object.ts';
import type { SegmentIndex } from '../../../src/wal-index/segment-index.ts';
import { seededRandom, type Random } from '../../../tests/support/random.ts';
import { gather, PAGE_BYTES, readExcerpts, type Excerpt } from './excerpts.ts';
import { mutate } from './mutate.ts';
import { assemble, buildIndexes, fingerprint, isAsReference } from './read-excerpt.ts';

const MOST_BODY_BYTES = 1 << 26;
/** Of the inputs, how many are read by the reference too. */
const COMPARED_SHARE = 0.25;

/** An excerpt, and what is said of it while it is sound. */
interface Known {
  readonly excerpt: Excerpt;
  readonly fingerprints: readonly string[];
  readonly indexes: readonly SegmentIndex[];
  readonly objects: readonly Buffer[];
}

/** What became of one input. `brokeCrc`: it broke a record's. */
export interface Tried {
  readonly kind: string;
  readonly brokeCrc: boolean;
  /** Empty if all is as it should be. */
  readonly wrong: readonly string[];
}

/** Reads the excerpts, and tries one mutation after the other. */
export class MutationTrials {
  readonly #known: readonly Known[];

  private constructor(known: readonly Known[]) {
    this.#known = known;
  }

  static async prepare(): Promise<MutationTrials> {
    const known: Known[] = [];
    for (const excerpt of await readExcerpts()) {
      const { indexes } = buildIndexes(excerpt.segments);
      const { ended } = await assemble(indexes);
      if (ended.length === 0) continue;
      known.push({ excerpt, indexes, fingerprints: ended.map(fingerprint), objects: indexes.map(encodeSegmentIndex) });
    }
    if (known.length === 0) throw new Error('no excerpt of the fixtures holds a transaction');
    return new MutationTrials(known);
  }

  /** How many transactions the sound excerpts hold. */
  get soundTransactions(): number {
    return this.#known.reduce((sum, { fingerprints }) => sum + fingerprints.length, 0);
  }

  async tryOne(seed: number): Promise<Tried> {
    const random = seededRandom(seed * 2_654_435_761 + 1);
    const known = random.pick(this.#known);
    return random.chance(2 / 3) ? tryWal(known, random) : tryObject(known, random);
  }
}

/** The first record whose bytes are not the sound ones, and until where that must have been noticed; `undefined`: none. */
function firstBroken({ excerpt }: Known, segments: Excerpt['segments']): { lsn: Lsn; noticedBy: bigint } | undefined {
  const { records } = excerpt;
  const number = records.findIndex(({ lsn, bytes }) => !gather(segments, lsn, bytes.length).equals(bytes));
  const found = records[number];
  if (found === undefined) return undefined;
  // A record that claims to be longer than its page is contradicted by the next page only; nothing is shown in between.
  const nextPage = (found.lsn / BigInt(PAGE_BYTES) + 1n) * BigInt(PAGE_BYTES);
  const nextLsn = records[number + 1]?.lsn ?? excerpt.endLsn;
  return { lsn: found.lsn, noticedBy: nextLsn > nextPage ? nextLsn : nextPage };
}

async function tryWal(known: Known, random: Random): Promise<Tried> {
  const mutation = mutate(known.excerpt, random);
  const { kind, segments, keepsCrc } = mutation;
  try {
    const { indexes, isRefused } = buildIndexes(segments);
    const wrong: string[] = [];
    if (random.chance(COMPARED_SHARE) && !isAsReference(segments, indexes))
      wrong.push('the reference reads something else');
    const { ended, prepared, stopLsn } = await assemble(indexes);
    if (keepsCrc) return { kind, brokeCrc: false, wrong };
    const broken = firstBroken(known, segments);
    if (broken !== undefined) {
      const isTold = isRefused || (stopLsn !== undefined && stopLsn <= broken.noticedBy);
      if (!isTold) wrong.push(`the record broken at ${broken.lsn} is not told: stop at ${stopLsn}`);
      for (const { lsn, xid } of [...ended, ...prepared]) {
        if (lsn >= broken.lsn)
          wrong.push(`transaction ${xid} at ${lsn} is reported; a record was broken at ${broken.lsn}`);
      }
    }
    for (const [index, one] of ended.entries()) {
      if (fingerprint(one) !== known.fingerprints[index])
        wrong.push(`of transaction ${one.xid} something else is said`);
    }
    return { kind, brokeCrc: broken !== undefined, wrong };
  } finally {
    mutation.undo();
  }
}

function changeBytes(bytes: Buffer, random: Random): Buffer {
  const changed = Buffer.from(bytes);
  const start = random.between(0, bytes.length - 1);
  const end = Math.min(start + random.pick([1, 1, 2, 8, 64]), bytes.length);
  for (let at = start; at < end; at += 1) changed[at] = random.pick([0, 0x7f, 0x80, 0xff, random.between(0, 255)]);
  return random.chance(0.1) ? changed.subarray(0, random.between(0, changed.length - 1)) : changed;
}

/** The object with changed contents and checksums that fit them. */
function withFittingChecksums(object: Buffer, random: Random): Buffer {
  const head = parseIndexHead(object, 'excerpt');
  const bodyStart = INDEX_HEAD_BYTES + head.summaryBytes;
  const summary = object.subarray(INDEX_HEAD_BYTES, bodyStart);
  const oldStored = object.subarray(bodyStart, bodyStart + head.storedBodyBytes);
  const body = zstdDecompressWholeSync(oldStored, { maxBytes: MOST_BODY_BYTES, object: 'excerpt' });
  const isOfBody = random.chance(0.7);
  const [newSummary, newBody] = isOfBody ? [summary, changeBytes(body, random)] : [changeBytes(summary, random), body];
  const stored = zstdCompressWholeSync(newBody);
  const newHead = formatIndexHead({
    summaryBytes: newSummary.length,
    storedBodyBytes: stored.length,
    bodyBytes: newBody.length,
    bodyCrc: crc32c(stored),
    summaryCrc: crc32c(newSummary),
    storedBlocksBytes: head.storedBlocksBytes,
    blocksCrc: head.blocksCrc,
  });
  return Buffer.concat([newHead, newSummary, stored, object.subarray(bodyStart + head.storedBodyBytes)]);
}

async function tryObject(known: Known, random: Random): Promise<Tried> {
  const number = random.between(0, known.objects.length - 1);
  const object = known.objects[number] ?? Buffer.alloc(0);
  const isFitting = random.chance(0.5);
  const kind = isFitting ? 'inside of an index, checksums made to fit' : 'bytes of an index';
  const changed = isFitting ? withFittingChecksums(object, random) : changeBytes(object, random);
  const index = decodeOrRefuse(changed);
  if (index === undefined) return { kind, brokeCrc: false, wrong: [] };
  const isUnchanged = changed.equals(object);
  if (!isFitting && !isUnchanged) return { kind, brokeCrc: false, wrong: ['a changed index was believed'] };
  await assemble(known.indexes.map((one, position) => (position === number ? index : one)));
  return { kind, brokeCrc: false, wrong: [] };
}

function decodeOrRefuse(object: Buffer): SegmentIndex | undefined {
  try {
    return decodeSegmentIndex(object, 'excerpt');
  } catch (error) {
    if (isFailure(error)) return undefined;
    throw error;
  }
}
