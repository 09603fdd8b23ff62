/**
 * What a blob's headers tell, and asking for them alone.
 *
 * @module
 */

import { readText, type HttpAnswer } from '../send-request.ts';
import { childOf, NotXml, parseXml, type XmlElement } from '../xml.ts';
import type { AzureConnection } from './azure-connection.ts';
import { AzureError, saysNoSuchBlob, yetListed } from './azure-error.ts';
import { badAnswer, type AzureAction } from './azure-failure.ts';
import { nameIn } from './listed-name.ts';

/** One version of a blob. */
export interface AzureBlob {
  readonly sizeBytes: number;
  readonly modifiedAt: Date;
  readonly etag: string;
  /** MD5 of the whole blob in base64, when the store keeps it. */
  readonly md5: string | undefined;
  /** What {@link UPLOAD_TOKEN} says. */
  readonly uploadToken: string | undefined;
}

/** The metadata that tells an upload from others to the same key. Azure takes only names that C# would. */
export const UPLOAD_TOKEN = 'x-ms-meta-walkbackupload';

/** A whole number of bytes in a header. */
export function sizeIn(action: AzureAction, text: string | undefined): number {
  if (text !== undefined && /^\d{1,15}$/.test(text)) return Number(text);
  throw badAnswer(action, 'it does not say how long it is');
}

/** A time in a header. */
export function timeIn(action: AzureAction, text: string | undefined): Date {
  const time = new Date(text ?? '');
  if (!Number.isNaN(time.getTime())) return time;
  throw badAnswer(action, 'it does not say when the object was written');
}

/** The ETag, which every answer of a store's has. */
export function etagIn(action: AzureAction, { headers }: HttpAnswer): string {
  const { etag } = headers;
  if (etag !== undefined && etag !== '') return etag;
  throw badAnswer(action, 'it has no ETag, so it is not that of a store');
}

/** True in accounts with a hierarchical namespace, where a folder is an object too, of no bytes: none of ours. */
function isFolder({ headers }: HttpAnswer): boolean {
  return headers['x-ms-resource-type'] === 'directory' || headers['x-ms-meta-hdi_isfolder'] === 'true';
}

/** The blob's properties; `undefined` if it is proven absent. */
export async function lookAtBlob(
  connection: AzureConnection,
  action: AzureAction,
  signal: AbortSignal | undefined,
): Promise<AzureBlob | undefined> {
  const url = connection.url(action.key);
  return connection.run(action, signal, async (attempt) => {
    try {
      const answer = await attempt.send({ method: 'HEAD', url, headers: {} }, [200]);
      for await (const _ of answer.body);
      if (isFolder(answer)) return undefined;
      const { headers } = answer;
      return {
        sizeBytes: sizeIn(action, headers['content-length']),
        modifiedAt: timeIn(action, headers['last-modified']),
        etag: etagIn(action, answer),
        md5: headers['content-md5'],
        uploadToken: headers[UPLOAD_TOKEN],
      };
    } catch (error) {
      if (await provesAbsence(connection, action, error, signal)) return undefined;
      throw error;
    }
  });
}

/**
 * True if an error means that the blob is not there. Azure says it in its own words, in a header too; where something on the
 * way takes that away, the container is asked for.
 *
 * @throws {AzureError} that may pass, if the blob is listed: it was written meanwhile
 */
export async function provesAbsence(
  connection: AzureConnection,
  action: AzureAction,
  error: unknown,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  if (saysNoSuchBlob(error)) return true;
  if (!(error instanceof AzureError) || error.status !== 404 || error.code !== '404') return false;
  const blobs = await listedFrom(connection, action, signal);
  // Of all that begins with a key, the key itself is the first.
  if (blobs?.some((blob) => nameIn(action, blob) === action.key) === true) throw yetListed(error);
  return blobs !== undefined;
}

/** The first blob whose key begins with that of the action, if any; `undefined` if what answers is no store. */
async function listedFrom(
  connection: AzureConnection,
  action: AzureAction,
  signal: AbortSignal | undefined,
): Promise<readonly XmlElement[] | undefined> {
  const url = connection.url(undefined, { restype: 'container', comp: 'list', prefix: action.key, maxresults: '1' });
  const listing = { ...action, verb: 'look for', permission: 'listing blobs (l)' };
  return connection.run(listing, signal, async (attempt) => {
    const text = await readText(await attempt.send({ method: 'GET', url, headers: {} }, [200]));
    try {
      const root = parseXml(text);
      const found = childOf(root, 'Blobs')?.children.filter(({ name }) => name === 'Blob');
      // A page may be empty though another follows.
      const isProof = found?.length === 1 || (childOf(root, 'NextMarker')?.text ?? '') === '';
      return root.name === 'EnumerationResults' && isProof ? found : undefined;
    } catch (error) {
      if (error instanceof NotXml) return undefined;
      throw error;
    }
  });
}
