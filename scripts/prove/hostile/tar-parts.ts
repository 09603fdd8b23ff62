/**
 * Parts of a backup whose tar climbs out, links, lies about sizes, names a thing twice, or is changed anywhere: unpacked as
 * a restore unpacks them. Nothing is written outside, nothing but a server's own to the place of a tablespace, which a
 * sentinel can choose, and what is reported is there.
 *
 * @module
 */

import { stat } from 'node:fs/promises';

import type { Compression } from '../../../src/base/compression-names.ts';
import { isFailure } from '../../../src/base/failure.ts';
import { compress } from '../../../src/codec/compression.ts';
import { TAR_BLOCK_BYTES, TAR_END, tarHeader, tarPadding, type TarEntryType } from '../../../src/codec/tar-header.ts';
import type { Taking } from '../../../src/restore/restore-levels.ts';
import { restoredPath } from '../../../src/restore/restored-path.ts';
import { ObjectUnpacker } from '../../../src/restore/unpack-object.ts';
import type { Random } from '../../../tests/support/random.ts';
import { changeBytes } from './change-bytes.ts';
import type { HostileKind, HostileOutcome } from './hostile-kind.ts';
import { isSystemError, ScratchPlace } from './scratch-place.ts';

const KEY = 'basebackups_005/base_000000010000000000000002/tar_partitions/part_001.tar';
const TABLESPACE_OID = 16_400;
const TYPES: readonly TarEntryType[] = ['directory', 'symlink', 'link', 'characterDevice', 'blockDevice', 'fifo'];
/** Sparse, multi-volume and others that no backup holds. */
const OTHER_FLAGS = ['S', 'M', 'N', 'D', 'g', 'x', 'L', 'K', '7', '\0', 'A'];
const SIZES = ['77777777777', '00000000000', '00000000001', '00000001000', '-0000000001', '           '];
const [SIZE_AT, CHECKSUM_AT, TYPE_AT] = [124, 148, 156];

const GOOD_NAMES = ['/', '/base', '/base/5', '/base/5/1259', '/PG_VERSION', '/global/1262', '/base/5/16384.1'];
const ODD_NAMES = [
  '/base/5/1259/inside',
  '/pg_tblspc/16400/PG_17_202406281/5/16400',
  '/pg_tblspc/16400',
  '/pg_tblspc/16400/authorized_keys',
  '/pg_tblspc/16400/.config/autostart/x',
  '/pg_tblspc/16400/PG_17',
  '/pg_tblspc/16400/PG_17_202406281.sh',
  '/pg_tblspc/016400/authorized_keys',
  '/pg_tblspc/16400/a\nb',
  '/pg_tblspc/16400/../../../outside/new',
  '/pg_tblspc/99/x',
  '/global/pg_control',
  '/global/pg_control.walkback',
  'backup_label',
  'tablespace_map',
  '../outside/secret',
  '../../outside/new',
  '/../outside/secret',
  '/base/../../../outside/new',
  '/base/5/..',
  '/base/./5/x',
  '//etc/x',
  './PG_VERSION',
  '/base//5',
  `/${'n'.repeat(300)}`,
  `/${'d/'.repeat(90)}x`,
  'x',
  '.',
  '..',
  '\\..\\outside',
];

interface MadePart {
  readonly tar: Buffer;
  /** Where headers begin. */
  readonly headers: readonly number[];
}

function makeTar(random: Random, outside: string): MadePart {
  const blocks: Buffer[] = [];
  const headers: number[] = [];
  let offset = 0;
  const names = [...ODD_NAMES, `${outside}/new`, `/${outside}/new`];
  for (let left = random.between(1, 7); left > 0; left -= 1) {
    const name = random.chance(0.55) ? random.pick(GOOD_NAMES) : random.pick(names);
    const type = random.chance(0.65) ? 'file' : random.pick(TYPES);
    const content =
      type === 'file' ? Buffer.alloc(random.pick([0, 1, 3, 511, 512, 513, 8192, 20_000]), 'content ') : Buffer.alloc(0);
    const linkName = random.pick([`${outside}/secret`, '../outside/secret', '/base/5/1259', 'PG_VERSION']);
    const mode = random.pick([0o600, 0o700, 0o640, 0o777, 0o4755, 0]);
    const header = tarHeader({
      name,
      type,
      sizeBytes: content.length,
      mode,
      uid: 0,
      gid: 0,
      mtimeSeconds: 0,
      linkName,
    });
    for (let at = 0; at < header.length; at += TAR_BLOCK_BYTES) headers.push(offset + at);
    const all = [header, content, tarPadding(content.length)];
    offset += all.reduce((sum, { length }) => sum + length, 0);
    blocks.push(...all);
  }
  return { tar: Buffer.concat([...blocks, TAR_END]), headers };
}

/** Lies in headers, with checksums that are right again. */
function lieInHeaders({ tar, headers }: MadePart, random: Random): void {
  const at = random.pick(headers);
  if (random.chance(0.5)) tar.write(random.pick(SIZES), at + SIZE_AT, 'latin1');
  if (random.chance(0.2)) tar.fill(0xff, at + SIZE_AT, at + SIZE_AT + random.between(1, 12));
  if (random.chance(0.3)) tar.write(random.pick(OTHER_FLAGS), at + TYPE_AT, 'latin1');
  if (random.chance(0.2)) tar.write('../outside/lie\0', at, 'latin1');
  if (random.chance(0.1)) tar.write('..\0', at + 345, 'latin1');
  tar.write('        ', at + CHECKSUM_AT, 'latin1');
  const sum = tar.subarray(at, at + TAR_BLOCK_BYTES).reduce((total, byte) => total + byte, 0);
  tar.write(`${sum.toString(8).padStart(6, '0')}\0 `, at + CHECKSUM_AT, 'latin1');
}

function wantedBy(random: Random): ReadonlyMap<string, Taking> | undefined {
  if (random.chance(0.7)) return undefined;
  const names = ['base/5/1259', 'PG_VERSION', 'base/5', 'global/1262', ''].filter(() => random.chance(0.7));
  return new Map(names.map((name) => [name, random.chance(0.3) ? 'increment' : 'whole']));
}

/** In memory of its own: who reads it may give it back. */
async function* inOwnPieces(bytes: Buffer, sizeBytes: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += sizeBytes) yield Uint8Array.from(bytes.subarray(at, at + sizeBytes));
}

/** Unpacks parts in one place, one after another. */
class PartTrials implements AsyncDisposable {
  readonly #scratch: ScratchPlace;
  readonly #unpacker: ObjectUnpacker;

  constructor(scratch: ScratchPlace) {
    this.#scratch = scratch;
    const layout = { pageSizeBytes: 8192, segmentPages: 131_072, hasChecksums: true };
    const tablespaceLocations = new Map([[TABLESPACE_OID, scratch.tablespace]]);
    const leftOut = new Set(['global/pg_control', 'backup_label']);
    const data = { destination: scratch.data, tablespaceLocations, leftOut, layout };
    this.#unpacker = new ObjectUnpacker(data, { onContent: () => {}, onEntry: () => {} });
  }

  async tryOne(random: Random): Promise<HostileOutcome> {
    const made = makeTar(random, this.#scratch.outside);
    if (random.chance(0.5)) lieInHeaders(made, random);
    const tar = random.chance(0.4) ? changeBytes(made.tar, random) : made.tar;
    const compression = random.pick<Compression>(['none', 'none', 'none', 'zstd', 'lz4']);
    const stored = await compress(compression, tar);
    const order = { key: KEY, compression, isPart: random.chance(0.9), wanted: wantedBy(random) };
    const outcome = await this.#unpack(order, stored, random.pick([100, 512, 4096, 1_000_000]));
    const problem = await this.#scratch.problem();
    await this.#scratch.empty();
    return problem === undefined ? outcome : { ...problem, what: `tar part: ${problem.what}`, input: stored };
  }

  async #unpack(
    order: Parameters<ObjectUnpacker['unpack']>[0],
    stored: Buffer,
    pieceBytes: number,
  ): Promise<HostileOutcome> {
    try {
      const { files } = await this.#unpacker.unpack(order, inOwnPieces(stored, pieceBytes));
      for (const [name, sizeBytes] of files) {
        const found = await stat(restoredPath(name, this.#unpacker.place));
        if (!found.isFile() || found.size !== sizeBytes) {
          return {
            kind: 'wrong',
            what: `tar part: ${name} has ${found.size} bytes, and ${sizeBytes} were reported`,
            input: stored,
          };
        }
      }
      return { kind: 'different' };
    } catch (error) {
      if (isSystemError(error)) return { kind: 'refused' };
      if (!isFailure(error)) throw error;
      if (error.message.includes(KEY)) return { kind: 'refused' };
      return { kind: 'wrong', what: `tar part: the failure names no object: ${error.message}`, input: stored };
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#scratch[Symbol.asyncDispose]();
  }
}

/** The kind. */
export const TAR_PARTS: HostileKind = {
  name: 'tar parts',
  weight: 6,
  prepare: async () => new PartTrials(await ScratchPlace.make()),
};
