/**
 * Listing objects, page after page, and proving that the pages are a listing: in order, and each one further.
 *
 * @module
 */

import { compareKeys } from '../key.ts';
import type { ObjectInfo } from '../object-store.ts';
import type { GcsConnection } from './gcs-connection.ts';
import { GcsError } from './gcs-error.ts';
import { badAnswer, noBucket, type GcsAction } from './gcs-failure.ts';
import { objectOf, readFields } from './object-resource.ts';

/** What is listed; keys are whole, as in the bucket. */
export interface GcsListing {
  readonly action: GcsAction;
  readonly after?: string | undefined;
  /** Names below the next `/` are folded into folders. */
  readonly isFolder: boolean;
  readonly signal: AbortSignal | undefined;
}

/** One page, keys whole. */
export interface GcsPage {
  readonly objects: ObjectInfo[];
  readonly folders: string[];
}

const PAGE_OBJECTS = '1000';
const FIELDS = 'kind,nextPageToken,prefixes,items(name,size,updated,generation)';

function listOf(action: GcsAction, value: unknown): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) return value;
  throw badAnswer(action, 'a listing holds something else than a list');
}

function readPage(action: GcsAction, fields: Readonly<Record<string, unknown>>): GcsPage {
  // A page that a gateway sends in place of a listing must not be read as an empty one.
  if (fields['kind'] !== 'storage#objects') throw badAnswer(action, 'it is no listing');
  const objects = listOf(action, fields['items']).map((item) => {
    const { name: key, sizeBytes, modifiedAt } = objectOf(action, item);
    return { key, sizeBytes, modifiedAt };
  });
  const folders = listOf(action, fields['prefixes']).map(String);
  for (const key of [...objects.map((object) => object.key), ...folders])
    if (!key.startsWith(action.key)) throw badAnswer(action, `a listing holds ${JSON.stringify(key)}`);
  return { objects, folders };
}

function checkOrder(action: GcsAction, keys: readonly string[], last: string | undefined): string | undefined {
  let previous = last;
  for (const key of keys) {
    if (previous !== undefined && compareKeys(previous, key) >= 0)
      throw badAnswer(action, `a listing has ${JSON.stringify(key)} after ${JSON.stringify(previous)}`);
    previous = key;
  }
  return previous;
}

async function askPage(
  connection: GcsConnection,
  { action, signal }: GcsListing,
  query: Record<string, string>,
): Promise<Readonly<Record<string, unknown>>> {
  const url = connection.objectUrl(undefined, query);
  return connection.run(action, signal, async (attempt) => {
    try {
      return await readFields(await attempt.send({ method: 'GET', url, headers: {} }, [200]));
    } catch (error) {
      if (error instanceof GcsError && error.status === 404 && error.reason === 'notFound') throw noBucket(action);
      throw error;
    }
  });
}

/** The pages of a listing. */
export async function* listPages(connection: GcsConnection, listing: GcsListing): AsyncGenerator<GcsPage> {
  const { action, after, isFolder } = listing;
  let token: string | undefined;
  let last = after;
  do {
    const fields = await askPage(connection, listing, {
      prefix: action.key,
      maxResults: PAGE_OBJECTS,
      fields: FIELDS,
      ...(isFolder ? { delimiter: '/' } : {}),
      ...(after === undefined ? {} : { startOffset: after }),
      ...(token === undefined ? {} : { pageToken: token }),
    });
    const page = readPage(action, fields);
    // The offset itself is among what is listed.
    if (after !== undefined && page.objects[0]?.key === after) page.objects.shift();
    const keys = page.objects.map(({ key }) => key);
    last = checkOrder(action, keys, last);
    yield page;
    const { nextPageToken: next } = fields;
    if (next !== undefined && (typeof next !== 'string' || next === token))
      throw badAnswer(action, 'a listing says that it goes on, and not how');
    token = next === '' ? undefined : next;
  } while (token !== undefined);
}
