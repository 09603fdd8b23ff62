/**
 * JSON that may be longer than any string: objects and lists stay bytes, and what they hold is parsed some MiB at a time,
 * with {@link parseJson64}.
 *
 * The cuts are made between members, by quotes, brackets and commas alone; whether it is JSON is for the parser to say of
 * each piece. Where all pieces are sound, so is the whole: each is a list of whole members, with a comma between two
 * pieces and the right bracket after the last. One value that is no object or list, or is asked for whole, is still bound by
 * `MAX_JSON_BYTES`.
 *
 * @module
 */

import type { Failure } from '../base/failure.ts';
import { JsonFields, isJsonList, jsonFailure } from './json-fields.ts';
import { closesAt, isCommaAt, memberParts, opensAt, pieceEnd, skipSpace } from './json-scan.ts';
import { notJson, parseJson64, type JsonValue } from './json64.ts';

/** A value that is parsed, or one that is too long for it. */
export type JsonPart = JsonValue | LongJson;

/** What bytes of JSON are. */
export interface LongJsonPlace {
  /** Name of the archive's object, for messages. */
  readonly object: string;
  /** Where in the object they begin, for messages. */
  readonly startByte: number;
  /** No more than this is parsed at once, but for a single value that is longer. */
  readonly pieceBytes: number;
}

/** Whole members, or one value: the bytes from `start` to before `end`. */
interface Piece {
  readonly start: number;
  readonly end: number;
}

/** An object or a list whose bytes are not parsed yet. */
export class LongJson {
  readonly #bytes: Buffer;
  readonly #place: LongJsonPlace;

  constructor(bytes: Buffer, place: LongJsonPlace) {
    this.#bytes = bytes;
    this.#place = place;
  }

  /** All of it, parsed at once. @throws {Failure} `corrupt`; `refused` if no string can hold it. */
  whole(): JsonValue {
    return parseJson64(this.#bytes, this.#place.object, this.#place.startByte);
  }

  /**
   * The members of an object, in its order; a name that is there twice comes twice.
   *
   * @param path where in the archive's object this is, for messages; `''` for all of it.
   * @throws {Failure} `corrupt` if it is no object.
   */
  *members(path = ''): Generator<readonly [string, JsonPart]> {
    for (const piece of this.#pieces('object', path)) {
      if (this.#isLong(piece)) yield this.#longMember(piece);
      else yield* new JsonFields(this.#parsed(piece, '{', '}'), this.#place.object, path).entries();
    }
  }

  /** The items of a list. @param path as of {@link members}. @throws {Failure} `corrupt` if it is none. */
  *items(path = ''): Generator<JsonPart> {
    for (const piece of this.#pieces('list', path)) {
      if (this.#isLong(piece)) yield this.#part(piece);
      else yield* itemsOf(this.#parsed(piece, '[', ']'), this.#place.object, path);
    }
  }

  *#pieces(wanted: 'object' | 'list', path: string): Generator<Piece> {
    const bytes = this.#bytes;
    const { object, pieceBytes } = this.#place;
    const opening = skipSpace(bytes, 0);
    if (opensAt(bytes, opening) !== wanted) {
      throw jsonFailure(object, path, wanted === 'object' ? 'it is no JSON object' : 'not a list');
    }
    let end: number | undefined = opening;
    do {
      const start = skipSpace(bytes, end + 1);
      const isFirst = end === opening;
      end = pieceEnd(bytes, start, pieceBytes);
      if (end === undefined) throw this.#notJson('what begins there does not end', opening);
      const isLast = !isCommaAt(bytes, end);
      if (start === end && !(isFirst && isLast)) throw this.#notJson('nothing is before a comma or a bracket', end);
      if (isLast && !closesAt(bytes, end, wanted)) throw this.#notJson('the wrong bracket', end);
      yield { start, end };
    } while (isCommaAt(bytes, end));
    const after = skipSpace(bytes, end + 1);
    if (after < bytes.length) throw this.#notJson('something follows', after);
  }

  #isLong({ start, end }: Piece): boolean {
    return end - start > this.#place.pieceBytes;
  }

  #parsed({ start, end }: Piece, open: string, close: string): JsonValue {
    const text = Buffer.concat([Buffer.from(open), this.#bytes.subarray(start, end), Buffer.from(close)]);
    return parseJson64(text, this.#place.object, this.#place.startByte + start - 1);
  }

  #longMember({ start, end }: Piece): readonly [string, JsonPart] {
    const { object, startByte } = this.#place;
    const found = memberParts(this.#bytes, start);
    if (found === undefined) throw this.#notJson('no name and value', start);
    const name = parseJson64(this.#bytes.subarray(start, found.nameEnd), object, startByte + start);
    if (typeof name !== 'string') throw this.#notJson('no name', start);
    return [name, this.#part({ start: found.valueStart, end })];
  }

  /** The value there: parsed, unless it is an object or a list that is too long. */
  #part(piece: Piece): JsonPart {
    const { start, end } = piece;
    const place = { ...this.#place, startByte: this.#place.startByte + start };
    const part = new LongJson(this.#bytes.subarray(start, end), place);
    return this.#isLong(piece) && opensAt(this.#bytes, start) !== undefined ? part : part.whole();
  }

  #notJson(found: string, at: number): Failure {
    return notJson(this.#place.object, `${found} at byte ${this.#place.startByte + at}`);
  }
}

/** The members of an object. @throws {Failure} `corrupt` if it is none. */
export function membersOf(part: JsonPart, object: string, path: string): Iterable<readonly [string, JsonPart]> {
  return part instanceof LongJson ? part.members(path) : new JsonFields(part, object, path).entries();
}

/** The items of a list. @throws {Failure} `corrupt` if it is none. */
export function itemsOf(part: JsonPart, object: string, path: string): Iterable<JsonPart> {
  if (part instanceof LongJson) return part.items(path);
  if (!isJsonList(part)) throw jsonFailure(object, path, 'not a list');
  return part;
}

/** A value, parsed. @throws {Failure} `corrupt`; `refused` if no string can hold it. */
export function wholeOf(part: JsonPart): JsonValue {
  return part instanceof LongJson ? part.whole() : part;
}
