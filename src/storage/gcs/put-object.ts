/**
 * Writing an object in one request.
 *
 * A request that was cut may have had its effect. Sending it again is harmless, except with `ifAbsent`: the second
 * attempt would meet the object of the first and call it another's. So every upload carries a token of its own in the
 * object's metadata, and the one who finds an object with his own token has written it.
 *
 * Source: Cloud Storage, "Upload objects from memory" (multipart), "Request preconditions".
 *
 * @module
 */

import { randomUUID } from 'node:crypto';

import { CRC32C_START, extendCrc32c } from '../../postgres/crc32c.ts';
import type { PutOptions, PutOutcome } from '../object-store.ts';
import type { GcsConnection } from './gcs-connection.ts';
import { GcsError } from './gcs-error.ts';
import { badAnswer, type GcsAction } from './gcs-failure.ts';
import { lookAtObject } from './look-at-object.ts';
import { OBJECT_FIELDS, objectOf, readFields, type GcsObject } from './object-resource.ts';
import { crc32cText } from './read-object.ts';

/** The metadata that tells an upload from others to the same key. */
const UPLOAD_TOKEN = 'walkback-upload';

/** What every upload sends, and the token in it. */
export interface UploadHeader {
  readonly token: string;
  /** Members of the object's resource. */
  readonly resource: Readonly<Record<string, unknown>>;
  /** Parameters of the request. */
  readonly query: Readonly<Record<string, string>>;
}

/** The header of one upload. */
export function uploadHeader(action: GcsAction, { ifAbsent = false }: PutOptions): UploadHeader {
  const token = randomUUID();
  return {
    token,
    resource: { name: action.key, metadata: { [UPLOAD_TOKEN]: token } },
    query: { fields: OBJECT_FIELDS, ...(ifAbsent ? { ifGenerationMatch: '0' } : {}) },
  };
}

/** True if the object that is there now was written by the upload with this header. */
export async function isWrittenBy(
  connection: GcsConnection,
  action: GcsAction,
  { token }: UploadHeader,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const looking = { ...action, verb: 'look at', permission: 'storage.objects.get' };
  const found = await lookAtObject(connection, looking, signal);
  return found?.metadata[UPLOAD_TOKEN] === token;
}

/** Compares what the store says it has with what was sent. @throws {Failure} `corrupt`. */
export function checkStored(action: GcsAction, stored: GcsObject, sizeBytes: number, crc32c: string): void {
  if (stored.sizeBytes !== sizeBytes)
    throw badAnswer(action, `${sizeBytes} bytes were sent, and it says ${stored.sizeBytes}`);
  if (stored.crc32c !== undefined && stored.crc32c !== crc32c)
    throw badAnswer(action, `bytes with the CRC-32C ${crc32c} were sent, and it says ${stored.crc32c}`);
}

function bodyOf(boundary: string, resource: object, bytes: Uint8Array): readonly Uint8Array[] {
  const head = `--${boundary}\r\ncontent-type: application/json; charset=UTF-8\r\n\r\n${JSON.stringify(resource)}\r\n`;
  const middle = `--${boundary}\r\ncontent-type: application/octet-stream\r\n\r\n`;
  return [Buffer.from(head + middle), bytes, Buffer.from(`\r\n--${boundary}--\r\n`)];
}

/** Writes bytes that are in memory. */
export async function putObject(
  connection: GcsConnection,
  action: GcsAction,
  bytes: Uint8Array,
  options: PutOptions,
): Promise<PutOutcome> {
  const header = uploadHeader(action, options);
  const crc32c = crc32cText(extendCrc32c(CRC32C_START, bytes, 0, bytes.byteLength));
  const boundary = `walkback-${header.token}`;
  const body = bodyOf(boundary, { ...header.resource, crc32c }, bytes);
  const headers = { ...connection.encryption, 'content-type': `multipart/related; boundary=${boundary}` };
  const url = connection.uploadUrl({ uploadType: 'multipart', ...header.query });
  const outcome = await connection.run(action, options.signal, async (attempt) => {
    try {
      const answer = await attempt.send({ method: 'POST', url, headers, body }, [200]);
      checkStored(action, objectOf(action, await readFields(answer)), bytes.byteLength, crc32c);
      return 'written';
    } catch (error) {
      if (!(error instanceof GcsError) || error.status !== 412 || options.ifAbsent !== true) throw error;
      return attempt.number > 1 ? 'unclear' : 'exists';
    }
  });
  if (outcome !== 'unclear') return outcome;
  return (await isWrittenBy(connection, action, header, options.signal)) ? 'written' : 'exists';
}
