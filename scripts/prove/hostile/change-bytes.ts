/**
 * One to three changes to an object's bytes, drawn at random: bits flipped, bytes overwritten, taken out, put in twice or
 * moved, numbers that lie, the end cut off or something put behind it.
 *
 * @module
 */

import type { Random } from '../../../tests/support/random.ts';

const LONGEST_BYTES = 300;
const LYING_BYTES = [0, 1, 0x7f, 0x80, 0xfe, 0xff];
const LYING_NUMBERS = [0, 1, 0x7f, 0xff, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff];
/** Half of all changes are where headers are. */
const HEADER_BYTES = 64;

type Change = (bytes: Buffer, random: Random) => Buffer;

function place(bytes: Buffer, random: Random): number {
  const reach = random.chance(0.5) ? Math.min(bytes.length, HEADER_BYTES) : bytes.length;
  return random.between(0, Math.max(0, reach - 1));
}

function span(bytes: Buffer, random: Random): [start: number, end: number] {
  const start = place(bytes, random);
  return [start, Math.min(bytes.length, start + random.between(1, LONGEST_BYTES))];
}

const flipBit: Change = (bytes, random) => {
  const at = place(bytes, random);
  if (at < bytes.length) bytes[at] = (bytes[at] ?? 0) ^ (1 << random.between(0, 7));
  return bytes;
};

const setByte: Change = (bytes, random) => {
  const at = place(bytes, random);
  if (at < bytes.length) bytes[at] = random.pick([...LYING_BYTES, random.between(0, 255)]);
  return bytes;
};

const lie: Change = (bytes, random) => {
  const at = place(bytes, random);
  if (at + 4 > bytes.length) return bytes;
  const number = random.pick(LYING_NUMBERS);
  if (random.chance(0.5)) bytes.writeUInt32LE(number, at);
  else bytes.writeUInt32BE(number, at);
  return bytes;
};

const overwrite: Change = (bytes, random) => {
  const [start, end] = span(bytes, random);
  for (let at = start; at < end; at += 1) bytes[at] = random.between(0, 255);
  return bytes;
};

const takeOut: Change = (bytes, random) => {
  const [start, end] = span(bytes, random);
  return Buffer.concat([bytes.subarray(0, start), bytes.subarray(end)]);
};

const putInTwice: Change = (bytes, random) => {
  const [start, end] = span(bytes, random);
  return Buffer.concat([bytes.subarray(0, end), bytes.subarray(start)]);
};

const move: Change = (bytes, random) => {
  const [start, end] = span(bytes, random);
  const to = place(bytes, random);
  bytes.copy(bytes, to, start, end);
  return bytes;
};

const cut: Change = (bytes, random) => bytes.subarray(0, random.between(0, bytes.length));

const putBehind: Change = (bytes, random) => {
  const [start, end] = span(bytes, random);
  return Buffer.concat([bytes, random.chance(0.3) ? bytes : bytes.subarray(start, end)]);
};

const CHANGES: readonly Change[] = [
  flipBit,
  flipBit,
  setByte,
  lie,
  overwrite,
  takeOut,
  putInTwice,
  move,
  cut,
  putBehind,
];

/** A changed copy; it may turn out the same. */
export function changeBytes(sound: Buffer, random: Random): Buffer {
  let bytes: Buffer = Buffer.from(sound);
  for (let left = random.pick([1, 1, 1, 2, 3]); left > 0; left -= 1) bytes = random.pick(CHANGES)(bytes, random);
  return bytes;
}
