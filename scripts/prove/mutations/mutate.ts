/**
 * One change to sound WAL, drawn by a seed: bits flipped, bytes overwritten, spliced or cut, lengths that lie. Done in place, and undone.
 *
 * @module
 */

import { recordCrc } from '../../../src/postgres/wal-records/record-check.ts';
import type { Random } from '../../../tests/support/random.ts';
import { PAGE_BYTES, type Excerpt, type ExcerptSegment } from './excerpts.ts';

const HEADER_BYTES = 24;
const LONGEST_OVERWRITE_BYTES = 300;
const LYING_LENGTHS = [0, 1, 23, 24, 25, 32, 8192, 1 << 20, 900_000_000, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff];

/** What was done. */
export interface Mutation {
  readonly kind: string;
  /** The segments to read; one of them may be shorter than it should be. */
  readonly segments: readonly ExcerptSegment[];
  /** Puts the bytes back. */
  undo(): void;
}

/** Keeps what is about to be changed. */
function keep(bytes: Buffer, start: number, end: number): () => void {
  const kept = Buffer.from(bytes.subarray(start, end));
  return () => void kept.copy(bytes, start);
}

/** A record that lies within one page, if that of the number does. */
function recordInPage(
  { records, segments }: Excerpt,
  number: number,
): { bytes: Buffer; start: number; end: number } | undefined {
  const record = records[number];
  const segment =
    record &&
    segments.find(({ startLsn, bytes }) => record.lsn >= startLsn && record.lsn < startLsn + BigInt(bytes.length));
  if (record === undefined || segment === undefined) return undefined;
  const start = Number(record.lsn - segment.startLsn);
  const end = start + record.bytes.length;
  return (start % PAGE_BYTES) + record.bytes.length <= PAGE_BYTES ? { bytes: segment.bytes, start, end } : undefined;
}

type Change = (excerpt: Excerpt, segment: ExcerptSegment, random: Random) => (() => void) | undefined;

const flipBits: Change = (_, { bytes, usedBytes }, random) => {
  const count = random.between(1, 4);
  const undos = Array.from({ length: count }, () => {
    const at = random.between(0, usedBytes - 1);
    const undo = keep(bytes, at, at + 1);
    bytes[at] = (bytes[at] ?? 0) ^ (1 << random.between(0, 7));
    return undo;
  });
  return () => {
    for (const undo of undos.toReversed()) undo();
  };
};

const overwrite: Change = (_, { bytes, usedBytes }, random) => {
  const start = random.between(0, usedBytes - 1);
  const end = Math.min(start + random.between(1, LONGEST_OVERWRITE_BYTES), bytes.length);
  const undo = keep(bytes, start, end);
  for (let at = start; at < end; at += 1) bytes[at] = random.between(0, 255);
  return undo;
};

const cutToZeros: Change = (_, { bytes, usedBytes }, random) => {
  const start = random.between(0, usedBytes - 1);
  const undo = keep(bytes, start, usedBytes);
  bytes.fill(0, start, usedBytes);
  return undo;
};

const splice: Change = (_, { bytes, usedBytes }, random) => {
  const isPage = random.chance(0.3);
  const unit = isPage ? PAGE_BYTES : random.pick([1, 8]);
  const place = () => Math.floor(random.between(0, usedBytes - 1) / unit) * unit;
  const [from, to] = [place(), place()];
  const count = Math.min(isPage ? PAGE_BYTES : random.between(8, 4000), bytes.length - Math.max(from, to));
  const undo = keep(bytes, to, to + count);
  bytes.copy(bytes, to, from, from + count);
  return undo;
};

const lieAboutLength: Change = (excerpt, _, random) => {
  const record = recordInPage(excerpt, random.between(0, excerpt.records.length - 1));
  if (record === undefined) return undefined;
  const undo = keep(record.bytes, record.start, record.start + 4);
  const near = (record.end - record.start + random.between(-40, 40)) >>> 0;
  record.bytes.writeUInt32LE(random.chance(0.5) ? near : random.pick(LYING_LENGTHS), record.start);
  return undo;
};

const lieAboutPage: Change = (_, { bytes, usedBytes }, random) => {
  const page = Math.floor(random.between(0, usedBytes - 1) / PAGE_BYTES) * PAGE_BYTES;
  const undo = keep(bytes, page, page + HEADER_BYTES);
  if (random.chance(0.5)) bytes.writeUInt32LE(random.pick(LYING_LENGTHS), page + 16);
  else bytes.writeUInt16LE(random.between(0, 31), page + 2);
  return undo;
};

/** The record is changed inside, and its CRC made to fit: what stands behind the CRC must not be believed either. */
const lieWithSoundCrc: Change = (excerpt, _, random) => {
  const record = recordInPage(excerpt, random.between(0, excerpt.records.length - 1));
  if (record === undefined || record.end - record.start <= HEADER_BYTES) return undefined;
  const { bytes, start, end } = record;
  const undo = keep(bytes, start, end);
  for (let count = random.between(1, 3); count > 0; count -= 1) {
    // The first bytes hold the lengths and kinds.
    const reach = random.chance(0.7) ? Math.min(end, start + HEADER_BYTES + 48) : end;
    const at = random.chance(0.1) ? start + random.between(16, 17) : random.between(start + HEADER_BYTES, reach - 1);
    bytes[at] = random.pick([0, 1, 0x7f, 0x80, 0xff, random.between(0, 255)]);
  }
  bytes.writeUInt32LE(recordCrc(bytes, start, end), start + 20);
  return undo;
};

/** The kinds; `keepsCrc`: what it changes stays sound by its CRC. */
const CHANGES: readonly { readonly kind: string; readonly change: Change; readonly keepsCrc: boolean }[] = [
  { kind: 'bits flipped', change: flipBits, keepsCrc: false },
  { kind: 'bits flipped', change: flipBits, keepsCrc: false },
  { kind: 'bytes overwritten', change: overwrite, keepsCrc: false },
  { kind: 'cut to zeros', change: cutToZeros, keepsCrc: false },
  { kind: 'bytes from elsewhere', change: splice, keepsCrc: false },
  { kind: 'length of a record', change: lieAboutLength, keepsCrc: false },
  { kind: 'header of a page', change: lieAboutPage, keepsCrc: false },
  { kind: 'inside of a record, CRC made to fit', change: lieWithSoundCrc, keepsCrc: true },
  { kind: 'inside of a record, CRC made to fit', change: lieWithSoundCrc, keepsCrc: true },
];

/** Changes an excerpt in place. */
export function mutate(excerpt: Excerpt, random: Random): Mutation & { readonly keepsCrc: boolean } {
  const { segments } = excerpt;
  if (random.chance(0.02)) return shorten(segments, random);
  for (;;) {
    const { kind, change, keepsCrc } = random.pick(CHANGES);
    const undo = change(excerpt, random.pick(segments), random);
    if (undo !== undefined) return { kind, segments, undo, keepsCrc };
  }
}

function shorten(segments: readonly ExcerptSegment[], random: Random): Mutation & { readonly keepsCrc: boolean } {
  const number = random.between(0, segments.length - 1);
  const shorter = segments.map((segment, index) =>
    index === number
      ? { ...segment, bytes: segment.bytes.subarray(0, random.between(0, segment.bytes.length - 1)) }
      : segment,
  );
  return { kind: 'file cut', segments: shorter, undo: () => {}, keepsCrc: false };
}
