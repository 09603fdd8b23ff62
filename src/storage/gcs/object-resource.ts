/**
 * What the JSON API tells of an object, read with care.
 *
 * Source: Cloud Storage JSON API, "Objects: resource representations".
 *
 * @module
 */

import { readText, type HttpAnswer } from '../send-request.ts';
import { GcsError } from './gcs-error.ts';
import { badAnswer, type GcsAction } from './gcs-failure.ts';

/** One version of an object. */
export interface GcsObject {
  /** The whole key in the bucket. */
  readonly name: string;
  readonly sizeBytes: number;
  readonly modifiedAt: Date;
  /** Names the version: another one after each write. */
  readonly generation: string;
  /** CRC-32C of the whole object, big-endian in base64; `undefined` where the store does not tell. */
  readonly crc32c: string | undefined;
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** The members of an object that are asked for. */
export const OBJECT_FIELDS = 'name,size,updated,generation,crc32c,metadata';

type Fields = Readonly<Record<string, unknown>>;

/** True for what JSON calls an object. */
export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The JSON object that an answer holds. @throws {GcsError} to be tried again, if it holds something else. */
export async function readFields(answer: HttpAnswer): Promise<Fields> {
  const text = await readText(answer);
  try {
    const value: unknown = JSON.parse(text);
    if (isFields(value)) return value;
  } catch {
    // Named below.
  }
  throw new GcsError(answer.status, 'notJson', 'it is no JSON object, so it is not that of a store', answer.headers);
}

/** Reads an object's resource. */
export function objectOf(action: GcsAction, fields: unknown): GcsObject {
  if (!isFields(fields)) throw badAnswer(action, 'it does not tell of an object');
  const { name, size, updated, generation, crc32c, metadata } = fields;
  const sizeBytes = typeof size === 'string' && /^\d{1,15}$/.test(size) ? Number(size) : undefined;
  const modifiedAt = new Date(typeof updated === 'string' ? updated : Number.NaN);
  if (typeof name !== 'string' || sizeBytes === undefined || Number.isNaN(modifiedAt.getTime()))
    throw badAnswer(action, `it has no name, size or time of ${JSON.stringify(name)}`);
  if (typeof generation !== 'string' || !/^\d{1,20}$/.test(generation))
    throw badAnswer(action, `it has no generation of ${JSON.stringify(name)}`);
  return {
    name,
    sizeBytes,
    modifiedAt,
    generation,
    crc32c: typeof crc32c === 'string' ? crc32c : undefined,
    metadata: isFields(metadata) ? metadata : {},
  };
}
