/**
 * A base backup's list of files, `files_metadata.json`: for each what the backup holds of it, and which tar holds it.
 *
 * May be hundreds of megabytes, or more than a string can hold: it is read and written in pieces. Names are those in the
 * tars, slash and all; `/global/pg_control`, `backup_label` and `tablespace_map` are not listed. The catalogue of databases
 * in it is kept as it is.
 *
 * Source: WAL-G `internal/backup_file_description.go`, `internal/databases/postgres/backup_sentinel_dto.go` (`FilesMetadataDto`).
 *
 * @module
 */

import { Failure } from '../base/failure.ts';
import { formatGoTime, parseGoTime } from './go-time.ts';
import { JsonFields, isJsonList, jsonFailure, jsonPath, propertyOf } from './json-fields.ts';
import { formatJson64, parseJson64, type JsonObject, type JsonValue } from './json64.ts';
import { LongJson, itemsOf, membersOf, wholeOf, type JsonPart } from './long-json.ts';
import { present } from './present.ts';

/** Pages of a file that failed their checksum when it was backed up. */
export interface CorruptBlocks {
  readonly count: number;
  /** Some of them, or all. */
  readonly blocks: readonly number[];
}

/** One file, directory, or other entry. */
export interface FileDescription {
  /** The tar holds an increment on the parent backup's file. */
  readonly isIncremented: boolean;
  /** Unchanged since the parent backup: no tar holds it. */
  readonly isSkipped: boolean;
  readonly mtimeNs: bigint;
  readonly updatesCount: number;
  readonly corruptBlocks?: CorruptBlocks;
}

/** How a list is read. */
export interface FilesMetadataLimits {
  /** The longest list that is parsed at once, and what is parsed at once of longer ones. */
  readonly pieceBytes: number;
  /** More than so many files and names in tars, together, are refused. */
  readonly maxEntries: number;
}

/** A `Map` holds less than 2^24 entries: V8 `src/objects/ordered-hash-table.h`. */
const MOST_ENTRIES = 16_000_000;
/** A piece is some hundred thousand files. */
const LIMITS: FilesMetadataLimits = { pieceBytes: 16 * 1024 * 1024, maxEntries: MOST_ENTRIES };
/** Measured of 4.2 million files with short names, each in a tar too: 200 for each of the two. Real names are longer. */
const BYTES_PER_ENTRY = 300;

/** What a heap of that size has room for, beside everything else: a list that has none is refused before the process is ended for it. */
export function limitsOfHeap(heapBytes: number): FilesMetadataLimits {
  return { ...LIMITS, maxEntries: Math.min(MOST_ENTRIES, Math.floor(heapBytes / BYTES_PER_ENTRY)) };
}

const KEYS = ['Files', 'TarFileSets', 'DatabasesByNames'] as const;
const KNOWN_KEYS: ReadonlySet<string> = new Set(KEYS.map((key) => key.toLowerCase()));
type Key = (typeof KEYS)[number];
type Parts = ReadonlyMap<Key, JsonPart | undefined>;

/** What is written at once. */
const PIECE_CHARACTERS = 256 * 1024;

/** What `files_metadata.json` says. */
export interface FilesMetadata {
  readonly files: ReadonlyMap<string, FileDescription>;
  /** Names in each tar, by the tar's object name. Empty if it was not recorded. */
  readonly tarFileSets: ReadonlyMap<string, readonly string[]>;
  readonly databasesByNames?: JsonValue;
}

/** Files and names in tars: what {@link FilesMetadataLimits} counts. */
export function countEntries({ files, tarFileSets }: FilesMetadata): number {
  return files.size + [...tarFileSets.values()].reduce((sum, names) => sum + names.length + 1, 0);
}

/**
 * Reads `files_metadata.json`. Of a name that is there twice the later one counts; in a list that is read in pieces, the
 * earlier one has to be sound as well.
 *
 * @throws {Failure} `corrupt`, naming object and key; `refused` if it lists too many files, or one of its values is too long.
 */
export function parseFilesMetadata(bytes: Buffer, object: string, limits = LIMITS): FilesMetadata {
  const { pieceBytes } = limits;
  if (bytes.length <= pieceBytes) return parseFilesMetadataValue(parseJson64(bytes, object), object, limits);
  return readParts(partsOf(new LongJson(bytes, { object, startByte: 0, pieceBytes })), object, limits);
}

/** Reads the same from a value already parsed: an old sentinel's. */
export function parseFilesMetadataValue(value: JsonValue, object: string, limits = LIMITS): FilesMetadata {
  const fields = new JsonFields(value, object);
  return readParts(new Map(KEYS.map((key) => [key, fields.value(key)])), object, limits);
}

/** The parts of a long list; what is not read of it is at least proven to be JSON. */
function partsOf(document: LongJson): Parts {
  const found = new Map<string, JsonPart>();
  for (const [key, part] of document.members()) {
    const isKnown = KNOWN_KEYS.has(key.toLowerCase());
    wholeOf(isKnown ? (found.get(key) ?? null) : part);
    if (isKnown) found.set(key, part);
  }
  const properties = Object.fromEntries(found);
  const parts = new Map<Key, JsonPart | undefined>(KEYS.map((key) => [key, propertyOf(properties, key)]));
  const read = new Set(parts.values());
  for (const part of found.values()) if (!read.has(part)) wholeOf(part);
  return parts;
}

function readParts(parts: Parts, object: string, { maxEntries }: FilesMetadataLimits): FilesMetadata {
  const files = new Map<string, FileDescription>();
  for (const [name, entry] of membersOf(parts.get('Files') ?? {}, object, 'Files')) {
    files.set(name, parseDescription(new JsonFields(wholeOf(entry), object, jsonPath('Files', name))));
    if (files.size > maxEntries) throw tooMany(object, maxEntries);
  }
  let count = files.size;
  const tarFileSets = new Map<string, readonly string[]>();
  for (const [tar, names] of membersOf(parts.get('TarFileSets') ?? {}, object, 'TarFileSets')) {
    const list = readNames(names, object, jsonPath('TarFileSets', tar), maxEntries - count);
    tarFileSets.set(tar, list);
    count += list.length + 1;
    if (count > maxEntries) throw tooMany(object, maxEntries);
  }
  const databases = parts.get('DatabasesByNames');
  const databasesByNames = databases === undefined ? undefined : wholeOf(databases);
  return { files, tarFileSets, ...present({ databasesByNames }) };
}

/** Reads on for as long as there is room, and one further. */
function readNames(part: JsonPart, object: string, path: string, room: number): readonly string[] {
  const names: string[] = [];
  for (const name of itemsOf(part ?? [], object, path)) {
    if (typeof name !== 'string') throw jsonFailure(object, path, 'not a list of texts');
    names.push(name);
    if (names.length > room) break;
  }
  return names;
}

function tooMany(object: string, maxEntries: number): Failure {
  return new Failure('refused', {
    message: `cannot read ${object}: it lists more files than there is memory for, ${maxEntries} entries`,
    remedy:
      'Give it more, with the MiB that the machine has to spare:  NODE_OPTIONS=--max-old-space-size=16000. Or use another backup, or wal-g.',
  });
}

function parseDescription(entry: JsonFields): FileDescription {
  const mtimeNs = parseGoTime(entry.text('MTime') ?? '');
  if (mtimeNs === undefined) throw entry.failure('not a time', 'MTime');
  const corruptBlocks = parseCorruptBlocks(entry);
  return {
    isIncremented: entry.flag('IsIncremented') ?? false,
    isSkipped: entry.flag('IsSkipped') ?? false,
    mtimeNs,
    updatesCount: entry.count('UpdatesCount') ?? 0,
    ...(corruptBlocks === undefined ? {} : { corruptBlocks }),
  };
}

/** An object with a count, or in older backups the bare list. */
function parseCorruptBlocks(entry: JsonFields): CorruptBlocks | undefined {
  const value = entry.value('CorruptBlocks');
  if (value === undefined) return undefined;
  const described = isJsonList(value) ? undefined : entry.fields('CorruptBlocks');
  const blocks = isJsonList(value) ? value : (described?.list('SomeCorruptBlocks') ?? []);
  if (!areBlockNumbers(blocks)) throw entry.failure('not a list of block numbers', 'CorruptBlocks');
  return { count: described?.count('CorruptBlocksCount') ?? blocks.length, blocks };
}

function areBlockNumbers(blocks: readonly JsonValue[]): blocks is readonly number[] {
  return blocks.every((block) => typeof block === 'number' && Number.isSafeInteger(block) && block >= 0);
}

/**
 * Writes `files_metadata.json`, in pieces: no string could hold that of millions of files. A backup's names are text: one
 * that was no UTF-8 cannot come here.
 */
export function* formatFilesMetadata(metadata: FilesMetadata): Generator<Buffer> {
  let held = '';
  for (const text of metadataTexts(metadata)) {
    held += text;
    if (held.length < PIECE_CHARACTERS) continue;
    yield Buffer.from(held);
    held = '';
  }
  yield Buffer.from(held);
}

function* metadataTexts({ files, tarFileSets, databasesByNames }: FilesMetadata): Generator<string> {
  yield '{"Files":{';
  let comma = '';
  for (const [name, file] of files) {
    yield `${comma}${JSON.stringify(name)}:${JSON.stringify(formatDescription(file))}`;
    comma = ',';
  }
  yield '}';
  if (tarFileSets.size > 0) yield* tarFileSetsTexts(tarFileSets);
  if (databasesByNames !== undefined) yield `,"DatabasesByNames":${formatJson64(databasesByNames)}`;
  yield '}';
}

function* tarFileSetsTexts(tarFileSets: FilesMetadata['tarFileSets']): Generator<string> {
  let before = ',"TarFileSets":{';
  for (const [tar, names] of tarFileSets) {
    yield `${before}${JSON.stringify(tar)}:[`;
    let comma = '';
    for (const name of names) {
      yield `${comma}${JSON.stringify(name)}`;
      comma = ',';
    }
    yield ']';
    before = ',';
  }
  yield '}';
}

function formatDescription(file: FileDescription): JsonObject {
  const { corruptBlocks } = file;
  return {
    IsIncremented: file.isIncremented,
    IsSkipped: file.isSkipped,
    MTime: formatGoTime(file.mtimeNs),
    CorruptBlocks:
      corruptBlocks === undefined
        ? undefined
        : { CorruptBlocksCount: corruptBlocks.count, SomeCorruptBlocks: corruptBlocks.blocks },
    UpdatesCount: file.updatesCount,
  };
}
