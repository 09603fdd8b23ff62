/**
 * Listing blobs, page after page, in the order of their keys' UTF-8 bytes.
 *
 * Azure's own order is that of UTF-16 units, and with a hierarchical namespace that of folders; both differ from it only
 * for names that lie beside each other. So a page is given only when the next one has shown that nothing before its end is
 * still to come; a listing that is in no order at all is refused.
 *
 * Source: Azure Storage, "List Blobs".
 *
 * @module
 */

import { compareKeys } from '../key.ts';
import type { ObjectInfo } from '../object-store.ts';
import { readText } from '../send-request.ts';
import type { AzureConnection } from './azure-connection.ts';
import { AzureError } from './azure-error.ts';
import { badAnswer, type AzureAction } from './azure-failure.ts';
import { DEFAULT_LIST_PAGE_BLOBS } from './azure-location.ts';
import { nameIn } from './listed-name.ts';
import { sizeIn, timeIn } from './look-at-blob.ts';
import { childOf, NotXml, parseXml, type XmlElement } from '../xml.ts';

/** What is listed; keys are whole, as in the container. */
export interface AzureListing {
  readonly action: AzureAction;
  /** Names below the next `/` are folded into folders. */
  readonly isFolder: boolean;
  readonly signal: AbortSignal | undefined;
}

/** One page, keys whole. */
interface AzurePage {
  readonly objects: ObjectInfo[];
  readonly folders: string[];
  /** Where the next page begins; `undefined` after the last. */
  readonly next: string | undefined;
}

/** The object that an entry is; none for the folders that a hierarchical namespace has as objects. */
function objectsIn(action: AzureAction, element: XmlElement): ObjectInfo[] {
  const properties = childOf(element, 'Properties');
  if (childOf(properties, 'ResourceType')?.text === 'directory') return [];
  const key = nameIn(action, element);
  if (key.endsWith('/')) return [];
  const sizeBytes = sizeIn(action, childOf(properties, 'Content-Length')?.text);
  return [{ key, sizeBytes, modifiedAt: timeIn(action, childOf(properties, 'Last-Modified')?.text) }];
}

function readPage(action: AzureAction, text: string): AzurePage {
  let root: XmlElement;
  try {
    root = parseXml(text);
  } catch (error) {
    if (error instanceof NotXml) throw new AzureError(200, 'NotXml', `it is no listing: ${error.message}`, {});
    throw error;
  }
  const blobs = childOf(root, 'Blobs');
  // A page that a gateway sends in place of a listing must not be read as an empty one.
  if (root.name !== 'EnumerationResults' || blobs === undefined) throw badAnswer(action, 'it is no listing');
  const objects = blobs.children.filter(({ name }) => name === 'Blob').flatMap((blob) => objectsIn(action, blob));
  const folders = blobs.children.filter(({ name }) => name === 'BlobPrefix').map((blob) => nameIn(action, blob));
  for (const key of [...objects.map((object) => object.key), ...folders])
    if (!key.startsWith(action.key)) throw badAnswer(action, `a listing holds ${JSON.stringify(key)}`);
  const next = childOf(root, 'NextMarker')?.text ?? '';
  return { objects, folders, next: next === '' ? undefined : next };
}

/** The pages of a listing, as they come. */
export async function* listPages(
  connection: AzureConnection,
  { action, isFolder, signal }: AzureListing,
): AsyncGenerator<AzurePage> {
  let marker: string | undefined;
  do {
    const url = connection.url(undefined, {
      restype: 'container',
      comp: 'list',
      maxresults: String(connection.location.listPageBlobs ?? DEFAULT_LIST_PAGE_BLOBS),
      ...(action.key === '' ? {} : { prefix: action.key }),
      ...(isFolder ? { delimiter: '/' } : {}),
      ...(marker === undefined ? {} : { marker }),
    });
    const page = await connection.run(action, signal, async (attempt) =>
      readPage(action, await readText(await attempt.send({ method: 'GET', url, headers: {} }, [200]))),
    );
    yield page;
    if (page.next !== undefined && page.next === marker)
      throw badAnswer(action, 'a listing says that it goes on, and not how');
    marker = page.next;
  } while (marker !== undefined);
}

/** The objects of a listing in key order. */
export async function* listInOrder(connection: AzureConnection, listing: AzureListing): AsyncGenerator<ObjectInfo> {
  let waiting: ObjectInfo[] = [];
  let last: string | undefined;
  const given = function* (objects: readonly ObjectInfo[]): Generator<ObjectInfo> {
    for (const object of objects) {
      if (last !== undefined && compareKeys(last, object.key) >= 0)
        throw badAnswer(listing.action, `a listing has ${JSON.stringify(object.key)} after ${JSON.stringify(last)}`);
      last = object.key;
      yield object;
    }
  };
  for await (const { objects } of listPages(connection, listing)) {
    const page = objects.toSorted((left, right) => compareKeys(left.key, right.key));
    const [first] = page;
    if (first === undefined) continue;
    const all = [...waiting, ...page].sort((left, right) => compareKeys(left.key, right.key));
    const isBefore = all.findIndex(({ key }) => compareKeys(key, first.key) >= 0);
    yield* given(all.slice(0, isBefore));
    waiting = all.slice(isBefore);
  }
  yield* given(waiting);
}
