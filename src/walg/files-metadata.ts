/**
 * A base backup's list of files, `files_metadata.json`: for each what the backup holds of it, and which tar holds it.
 *
 * May be hundreds of megabytes. Names are those in the tars, slash and all; `/global/pg_control`, `backup_label` and
 * `tablespace_map` are not listed. The catalogue of databases in it is kept as it is.
 *
 * Source: WAL-G `internal/backup_file_description.go`, `internal/databases/postgres/backup_sentinel_dto.go` (`FilesMetadataDto`).
 *
 * @module
 */

import { formatGoTime, parseGoTime } from './go-time.ts';
import { JsonFields, isJsonList } from './json-fields.ts';
import { formatJson64, parseJson64, type JsonObject, type JsonValue } from './json64.ts';
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

/** What is written at once. */
const PIECE_CHARACTERS = 256 * 1024;

/** What `files_metadata.json` says. */
export interface FilesMetadata {
  readonly files: ReadonlyMap<string, FileDescription>;
  /** Names in each tar, by the tar's object name. Empty if it was not recorded. */
  readonly tarFileSets: ReadonlyMap<string, readonly string[]>;
  readonly databasesByNames?: JsonValue;
}

/** Reads `files_metadata.json`. @throws {Failure} `corrupt`, naming object and key; `refused` if it is too long. */
export function parseFilesMetadata(bytes: Buffer, object: string): FilesMetadata {
  return parseFilesMetadataValue(parseJson64(bytes, object), object);
}

/** Reads the same from a value already parsed: an old sentinel's. */
export function parseFilesMetadataValue(value: JsonValue, object: string): FilesMetadata {
  const fields = new JsonFields(value, object);
  const files = new Map<string, FileDescription>();
  for (const [name, entry] of fields.fields('Files')?.fieldsOfEach() ?? []) files.set(name, parseDescription(entry));
  const tarFileSets = new Map<string, readonly string[]>();
  const sets = fields.fields('TarFileSets');
  for (const [name] of sets?.entries() ?? []) tarFileSets.set(name, sets?.texts(name) ?? []);
  return { files, tarFileSets, ...present({ databasesByNames: fields.value('DatabasesByNames') }) };
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
