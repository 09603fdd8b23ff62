/**
 * Sentinels, metadata and lists of files that are no JSON, or JSON that says what cannot be; and what a restore makes of
 * lists that contradict each other. Lists are read at once and in pieces: what is taken in pieces says the same at once.
 *
 * @module
 */

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';

import type { Backup } from '../../../src/backup/backup.ts';
import { chainOf } from '../../../src/backup/delta-chain.ts';
import { describeBackup } from '../../../src/backup/list.ts';
import { isFailure } from '../../../src/base/failure.ts';
import { decideLevels } from '../../../src/restore/restore-levels.ts';
import { parseFilesMetadata, type FilesMetadata } from '../../../src/walg/files-metadata.ts';
import { parseBackupMetadata } from '../../../src/walg/metadata.ts';
import { parseSentinel } from '../../../src/walg/sentinel.ts';
import { FIXTURES } from '../../../tests/support/fixture-archive.ts';
import type { Random } from '../../../tests/support/random.ts';
import { changeBytes } from './change-bytes.ts';
import type { HostileKind, HostileOutcome, HostileTrials } from './hostile-kind.ts';

const FOLDER = join(FIXTURES, 'pg15-zstd-v309/archive/basebackups_005');
const FULL = 'base_000000010000000000000002';
const DELTA = 'base_000000010000000000000004_D_000000010000000000000002';
/** Files of a list: enough for every kind, few enough for a million lists. */
const LISTED_FILES = 25;
const LYING_VALUES = [
  'null',
  'true',
  '-1',
  '1.5',
  '1e400',
  '9007199254740993',
  '18446744073709551616',
  '""',
  '"\\u0000"',
  '"../../etc/passwd"',
  '"base_000000010000000000000002"',
  '[]',
  '{}',
  '[[[[]]]]',
  '{"__proto__":{"Files":1}}',
  `${'['.repeat(20_000)}`,
  `${'{"a":'.repeat(20_000)}`,
];
const LYING_NAMES = ['"../x"', '"/"', '"//x"', '"__proto__"', '"constructor"', '"/global/pg_control"', '""'];
const VALUE = /(?<=":)(?:"[^"]*"|[\d.]+|true|false|null)/g;
const NAME = /"(?:\/[^"]*|DeltaFrom|DeltaLSN|LSN|Files|IsSkipped|IsIncremented|MTime|Spec)"(?=:)/g;

interface Sound {
  readonly object: string;
  readonly bytes: Buffer;
  readonly readIt: (bytes: Buffer, object: string, random: Random) => unknown;
}

/** Puts another value, or another name, in the place of one. */
function lie(text: string, random: Random): string {
  const places = [...text.matchAll(random.chance(0.7) ? VALUE : NAME)];
  if (places.length === 0) return text;
  const { 0: found, index } = random.pick(places);
  const isName = text[index + found.length] === ':' && found.startsWith('"');
  const other = random.chance(0.3) ? found.replace(/^"|"$/g, '') : random.pick(isName ? LYING_NAMES : LYING_VALUES);
  return `${text.slice(0, index)}${other}${text.slice(index + found.length)}`;
}

function change(bytes: Buffer, random: Random): Buffer {
  if (random.chance(0.4)) return changeBytes(bytes, random);
  let text = bytes.toString('utf8');
  for (let left = random.pick([1, 1, 2, 4]); left > 0; left -= 1) text = lie(text, random);
  return Buffer.from(text);
}

function readBackup(bytes: Buffer, object: string, name: string): Backup {
  const about = { name, segmentName: name.slice(5, 29) };
  return describeBackup(about, { key: object, modifiedAt: new Date(0) }, parseSentinel(bytes, object), undefined);
}

/** The list of a backup, cut to a few files of every kind. */
async function fewFiles(name: string): Promise<Buffer> {
  const list: { Files: Record<string, unknown>; TarFileSets: unknown } = JSON.parse(
    await readFile(join(FOLDER, name, 'files_metadata.json'), 'utf8'),
  );
  const files = Object.entries(list.Files);
  const step = Math.max(1, Math.floor(files.length / LISTED_FILES));
  const some = Object.fromEntries(files.filter((_, at) => at % step === 0));
  return Buffer.from(JSON.stringify({ Files: some, TarFileSets: { 'part_001.tar.zst': Object.keys(some) } }));
}

/** In pieces, if that is what `random` says. @throws {Failure} as reading at once; also for a name that was unsound when it was there first. */
function readList(bytes: Buffer, object: string, random: Random): FilesMetadata {
  if (random.chance(0.5)) return parseFilesMetadata(bytes, object);
  const limits = { pieceBytes: random.pick([0, 1, 64, 512, 4096]), maxEntries: LISTED_FILES * 2 };
  const list = parseFilesMetadata(bytes, object, limits);
  if (isDeepStrictEqual(list, parseFilesMetadata(bytes, object))) return list;
  throw new TypeError(`in pieces of ${limits.pieceBytes} bytes a list is another one`);
}

async function soundObjects(): Promise<readonly Sound[]> {
  const [full, delta] = await Promise.all(
    [FULL, DELTA].map(async (name) => readFile(join(FOLDER, `${name}_backup_stop_sentinel.json`))),
  );
  const metadata = await readFile(join(FOLDER, DELTA, 'metadata.json'));
  const [list, parentsList] = await Promise.all([fewFiles(DELTA), fewFiles(FULL)]);
  if (full === undefined || delta === undefined) throw new TypeError('two names give two sentinels');
  const parent = readBackup(full, FULL, FULL);
  const child = readBackup(delta, DELTA, DELTA);
  const parents = { backup: parent, metadata: parseFilesMetadata(parentsList, FULL) };
  return [
    {
      object: `basebackups_005/${DELTA}_backup_stop_sentinel.json`,
      bytes: delta,
      readIt: (bytes, object) => chainOf(readBackup(bytes, object, DELTA), [parent]),
    },
    { object: `basebackups_005/${DELTA}/metadata.json`, bytes: metadata, readIt: parseBackupMetadata },
    {
      object: `basebackups_005/${DELTA}/files_metadata.json`,
      bytes: list,
      readIt: (bytes, object, random) =>
        decideLevels([parents, { backup: child, metadata: readList(bytes, object, random) }]),
    },
  ];
}

function tryObject({ object, bytes, readIt }: Sound, random: Random): HostileOutcome {
  const input = change(bytes, random);
  try {
    readIt(input, object, random);
    return input.equals(bytes) ? { kind: 'same' } : { kind: 'different' };
  } catch (error) {
    if (!isFailure(error)) throw error;
    const isNamed = [object, FULL, DELTA].some((name) => error.message.includes(name));
    return isNamed
      ? { kind: 'refused' }
      : { kind: 'wrong', what: `metadata: the failure names no object: ${error.message}`, input };
  }
}

async function prepare(): Promise<HostileTrials> {
  const objects = await soundObjects();
  return { tryOne: async (random) => tryObject(random.pick(objects), random), [Symbol.asyncDispose]: async () => {} };
}

/** The kind. */
export const BACKUP_METADATA: HostileKind = { name: 'sentinels, metadata, lists of files', weight: 5, prepare };
