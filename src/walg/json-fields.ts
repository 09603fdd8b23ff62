/**
 * Reads the properties of a JSON object somebody else wrote, each checked for its type.
 *
 * Keys match whatever their case, as with Go, and an exact match is preferred. `null` is the same as absent.
 *
 * @module
 */

import { Failure } from '../base/failure.ts';
import type { JsonObject, JsonValue } from './json64.ts';

const MAX_U64 = (1n << 64n) - 1n;

/** True for an object: not `null`, not a list. */
export function isJsonObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !isJsonList(value);
}

/** True for a list. */
export function isJsonList(value: JsonValue | undefined): value is readonly JsonValue[] {
  return Array.isArray(value);
}

/** Where in an object a property is, as messages name it. */
export function jsonPath(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`;
}

/** A failure about what is at `path` in the archive's object `object`; the whole of it for `''`. */
export function jsonFailure(object: string, path: string, found: string): Failure {
  return new Failure('corrupt', {
    message: `cannot read ${object}: ${path === '' ? found : `${path}: ${found}`}`,
    remedy: `Look at ${object} in the archive: it is damaged, or not what WAL-G writes.`,
  });
}

/** The property of that name, or of the last that differs by case alone; `undefined` if absent or `null`. */
export function propertyOf<T>(properties: Readonly<Record<string, T>>, key: string): NonNullable<T> | undefined {
  const found = Object.hasOwn(properties, key) ? properties[key] : otherCase(properties, key);
  return found ?? undefined;
}

function otherCase<T>(properties: Readonly<Record<string, T>>, key: string): T | undefined {
  const wanted = key.toLowerCase();
  let found: T | undefined;
  for (const [name, value] of Object.entries(properties)) {
    if (name.length === key.length && name.toLowerCase() === wanted) found = value;
  }
  return found;
}

/** The properties of one JSON object. */
export class JsonFields {
  readonly #value: JsonObject;
  readonly #object: string;
  readonly #path: string;

  /**
   * @param object name of the archive's object, for messages.
   * @param path where in it this JSON object is.
   * @throws {Failure} `corrupt` if it is no JSON object.
   */
  constructor(value: JsonValue, object: string, path = '') {
    this.#object = object;
    this.#path = path;
    if (!isJsonObject(value)) throw this.failure('it is no JSON object');
    this.#value = value;
  }

  /** A failure about this JSON object, or the property `key` of it. */
  failure(found: string, key?: string): Failure {
    return jsonFailure(this.#object, key === undefined ? this.#path : jsonPath(this.#path, key), found);
  }

  /** Any value; `undefined` if absent or `null`. */
  value(key: string): JsonValue | undefined {
    return propertyOf(this.#value, key);
  }

  /** An unsigned 64-bit number. */
  u64(key: string): bigint | undefined {
    const value = this.value(key);
    if (value === undefined) return undefined;
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return BigInt(value);
    if (typeof value === 'bigint' && value >= 0n && value <= MAX_U64) return value;
    throw this.failure('not an unsigned 64-bit number', key);
  }

  /** A whole number, not negative, that a `number` holds exactly. */
  count(key: string): number | undefined {
    const value = this.value(key);
    if (value === undefined) return undefined;
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
    throw this.failure('not a count', key);
  }

  text(key: string): string | undefined {
    const value = this.value(key);
    if (value === undefined || typeof value === 'string') return value;
    throw this.failure('not a text', key);
  }

  flag(key: string): boolean | undefined {
    const value = this.value(key);
    if (value === undefined || typeof value === 'boolean') return value;
    throw this.failure('not true or false', key);
  }

  fields(key: string): JsonFields | undefined {
    const value = this.value(key);
    return value === undefined ? undefined : new JsonFields(value, this.#object, jsonPath(this.#path, key));
  }

  list(key: string): readonly JsonValue[] | undefined {
    const value = this.value(key);
    if (value === undefined || isJsonList(value)) return value;
    throw this.failure('not a list', key);
  }

  /** A list of texts. */
  texts(key: string): readonly string[] | undefined {
    const list = this.list(key);
    if (list === undefined || list.every((item) => typeof item === 'string')) return list;
    throw this.failure('not a list of texts', key);
  }

  /** All properties, as they are. */
  entries(): (readonly [string, JsonValue])[] {
    return Object.entries(this.#value).filter((entry): entry is [string, JsonValue] => entry[1] !== undefined);
  }

  /** The properties of each property; for an object of objects. */
  *fieldsOfEach(): Generator<readonly [string, JsonFields]> {
    for (const [key, value] of Object.entries(this.#value)) {
      if (value !== undefined) yield [key, new JsonFields(value, this.#object, jsonPath(this.#path, key))];
    }
  }
}
