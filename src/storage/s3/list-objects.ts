/**
 * Listing objects, page after page, and proving that the pages are a listing: in order, and each one further.
 *
 * @module
 */

import { ListObjectsV2Command, type ListObjectsV2CommandOutput } from '@aws-sdk/client-s3';

import { compareKeys } from '../key.ts';
import type { ObjectInfo } from '../object-store.ts';
import type { S3Connection } from './connection.ts';
import { badAnswer } from './get-object.ts';
import type { S3Action } from './s3-failure.ts';

/** What is listed; keys are whole, as in the bucket. */
export interface S3Listing {
  readonly action: S3Action;
  readonly after?: string | undefined;
  /** Names below the next `/` are folded into folders. */
  readonly isFolder: boolean;
  readonly signal: AbortSignal | undefined;
}

/** One page, keys whole. */
export interface S3Page {
  readonly objects: ObjectInfo[];
  readonly folders: string[];
}

/**
 * Undoes `encoding-type=url`, which is asked for because XML cannot hold every character that a key can. A server that
 * does not know it (versitygw) does not name it in its answer, and sends keys as they are.
 */
function decoded(action: S3Action, text: string | undefined, isEncoded: boolean): string {
  try {
    if (text !== undefined) return isEncoded ? decodeURIComponent(text.replaceAll('+', ' ')) : text;
  } catch {}
  throw badAnswer(action, `a listing holds the name ${JSON.stringify(text)}`);
}

function readPage(action: S3Action, output: ListObjectsV2CommandOutput): S3Page {
  // A page that a gateway sends in place of a listing must not be read as an empty one.
  if (output.IsTruncated === undefined) throw badAnswer(action, 'it is no listing');
  const isEncoded = output.EncodingType === 'url';
  const objects = (output.Contents ?? []).map(({ Key: name, Size: sizeBytes, LastModified: modifiedAt }) => {
    const key = decoded(action, name, isEncoded);
    if (sizeBytes !== undefined && modifiedAt !== undefined) return { key, sizeBytes, modifiedAt };
    throw badAnswer(action, `a listing has no size or time for ${JSON.stringify(key)}`);
  });
  const folders = (output.CommonPrefixes ?? []).map(({ Prefix: name }) => decoded(action, name, isEncoded));
  for (const key of [...objects.map((object) => object.key), ...folders])
    if (!key.startsWith(action.key)) throw badAnswer(action, `a listing holds ${JSON.stringify(key)}`);
  return { objects, folders };
}

function checkOrder(action: S3Action, keys: readonly string[], last: string | undefined): string | undefined {
  let previous = last;
  for (const key of keys) {
    if (previous !== undefined && compareKeys(previous, key) >= 0)
      throw badAnswer(action, `a listing has ${JSON.stringify(key)} after ${JSON.stringify(previous)}`);
    previous = key;
  }
  return previous;
}

/** The pages of a listing. */
export async function* listPages(connection: S3Connection, listing: S3Listing): AsyncGenerator<S3Page> {
  const { action, after, isFolder, signal } = listing;
  let token: string | undefined;
  let last: string | undefined = after;
  do {
    const command = new ListObjectsV2Command({
      Bucket: action.bucket,
      Prefix: action.key,
      EncodingType: 'url',
      ...(isFolder ? { Delimiter: '/' } : {}),
      ...(token === undefined ? (after === undefined ? {} : { StartAfter: after }) : { ContinuationToken: token }),
    });
    const output = await connection.run(action, signal, async (attempt) =>
      attempt.client.send(command, { abortSignal: attempt.signal }),
    );
    const page = readPage(action, output);
    last = checkOrder(
      action,
      page.objects.map(({ key }) => key),
      last,
    );
    yield page;
    const next = output.IsTruncated === true ? output.NextContinuationToken : undefined;
    if (output.IsTruncated === true && (next === undefined || next === token))
      throw badAnswer(action, 'a listing says that it goes on, and not how');
    token = next;
  } while (token !== undefined);
}
