/**
 * JSON whose integers have 64 bits, as Go reads and writes it.
 *
 * A WAL position or a system identifier is a plain JSON number that a double cannot hold. Here an integer a `number` holds
 * exactly is a `number`, and any larger one, written as digits, is a `bigint`; a reader that wants 64 bits takes either
 * ({@link JsonFields}). Written as Go's `encoding/json` does, `<`, `>` and `&` escaped.
 *
 * Text longer than {@link MAX_JSON_BYTES} is refused: no string can hold it. What may be longer is read in pieces
 * (`long-json.ts`).
 *
 * Source: WAL-G `internal/uploader.go` (`UploadJSON`), `internal/databases/postgres/backup.go` (`FetchDto`).
 *
 * @module
 */

import { Failure, messageOf } from '../base/failure.ts';

/** Any JSON value. */
export type JsonValue = string | number | bigint | boolean | null | readonly JsonValue[] | JsonObject;

/** A JSON object. */
export interface JsonObject {
  readonly [key: string]: JsonValue | undefined;
}

/** The longest text that is read. */
export const MAX_JSON_BYTES: number = 2 ** 29 - 32;

declare global {
  interface JSON {
    rawJSON(text: string): object;
  }
}

/** An integer too long for a `number`, perhaps inside a string: then nothing is lost but time. */
const LONG_INTEGER = /(?:^|[:,[\s])-?\d{16}/;
const INTEGER = /^-?\d+$/;
const ESCAPED_BY_GO = /[<>&\u2028\u2029]/g;

function reviveInteger(_key: string, value: unknown, context?: { source?: string }): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value)) return value;
  const source = context?.source;
  return source !== undefined && INTEGER.test(source) ? BigInt(source) : value;
}

/**
 * Reads one JSON value. Bytes that are no UTF-8 become U+FFFD, as with WAL-G.
 *
 * @param object the object's name, for messages.
 * @param startByte where in it the bytes are, if they are not all of it; for messages.
 * @throws {Failure} `corrupt` if it is not exactly one JSON value; `refused` if it is too long.
 */
export function parseJson64(bytes: Buffer, object: string, startByte?: number): JsonValue {
  const place = startByte === undefined ? '' : ` from byte ${startByte} on`;
  if (bytes.length > MAX_JSON_BYTES) {
    throw new Failure('refused', {
      message: `cannot read ${object}: its ${bytes.length} bytes${place} are more than can be read at once (${MAX_JSON_BYTES})`,
      remedy: 'Use another backup, or restore this one with wal-g.',
    });
  }
  const text = bytes.toString('utf8');
  try {
    return LONG_INTEGER.test(text) ? JSON.parse(text, reviveInteger) : JSON.parse(text);
  } catch (cause) {
    throw notJson(object, messageOf(cause) + place, cause);
  }
}

/** The failure of bytes that are not JSON. */
export function notJson(object: string, found: string, cause?: unknown): Failure {
  return new Failure('corrupt', {
    message: `cannot read ${object}: it is not JSON (${found})`,
    remedy: `Look at ${object} in the archive: it is damaged or cut short.`,
    cause,
  });
}

function goEscape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** Writes a value as one line; `bigint`s as plain numbers, absent properties not at all. */
export function formatJson64(value: JsonValue): string {
  const text = JSON.stringify(value, (_key, part: unknown) =>
    typeof part === 'bigint' ? JSON.rawJSON(part.toString()) : part,
  );
  return text.replaceAll(ESCAPED_BY_GO, goEscape);
}
