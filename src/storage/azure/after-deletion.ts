/**
 * What becomes of blobs that are deleted: the container may keep them from it, the account may keep them for some days, or as
 * versions.
 *
 * Whether an account keeps versions is no property that the Blob service tells; a blob that was written while it does has a
 * version. So the newest of some blobs is looked at.
 *
 * Source: Azure Storage, "Get Container Properties", "Get Blob Service Properties", "Get Blob Properties".
 *
 * @module
 */

import { isFailure } from '../../base/failure.ts';
import type { AfterDeletion, ObjectInfo } from '../object-store.ts';
import { readText, type HttpAnswer } from '../send-request.ts';
import { childOf, NotXml, parseXml, type XmlElement } from '../xml.ts';
import type { AzureConnection } from './azure-connection.ts';
import { badAnswer, type AzureAction } from './azure-failure.ts';
import { listPages } from './list-blobs.ts';

/** Where agents and backups write often. */
const YOUNG_BLOBS = 'walkback_001/';

/** One look at something that may tell, or may not be asked. */
interface Look {
  readonly connection: AzureConnection;
  /** Of the archive's prefix, with `/` at its end unless it is empty. */
  readonly action: AzureAction;
  readonly signal: AbortSignal | undefined;
}

async function headersOf({ connection, action, signal }: Look, url: string): Promise<HttpAnswer['headers']> {
  return connection.run(action, signal, async (attempt) => {
    const answer = await attempt.send({ method: 'HEAD', url, headers: {} }, [200]);
    for await (const _ of answer.body);
    return answer.headers;
  });
}

async function ofContainer(look: Look): Promise<AfterDeletion> {
  const headers = await headersOf(look, look.connection.url(undefined, { restype: 'container' }));
  const isLocked = headers['x-ms-has-immutability-policy'] === 'true' || headers['x-ms-has-legal-hold'] === 'true';
  return isLocked ? 'locked' : 'gone';
}

function servicePropertiesIn(action: AzureAction, text: string): XmlElement {
  try {
    const root = parseXml(text);
    if (root.name === 'StorageServiceProperties') return root;
  } catch (error) {
    if (!(error instanceof NotXml)) throw error;
  }
  throw badAnswer(action, 'it tells no properties of the Blob service');
}

async function ofService({ connection, action, signal }: Look): Promise<AfterDeletion> {
  const url = connection.serviceUrl({ restype: 'service', comp: 'properties' });
  const text = await connection.run(action, signal, async (attempt) =>
    readText(await attempt.send({ method: 'GET', url, headers: {} }, [200])),
  );
  const softDelete = childOf(servicePropertiesIn(action, text), 'DeleteRetentionPolicy');
  return childOf(softDelete, 'Enabled')?.text === 'true' ? 'versions' : 'gone';
}

/** The newest of the blobs on the first page below a prefix. */
async function newestOf({ connection, action, signal }: Look, prefix: string): Promise<ObjectInfo | undefined> {
  const below = { ...action, key: action.key + prefix };
  for await (const { objects } of listPages(connection, { action: below, isFolder: false, signal })) {
    return objects.toSorted((left, right) => right.modifiedAt.getTime() - left.modifiedAt.getTime())[0];
  }
  return undefined;
}

async function ofBlob(look: Look): Promise<AfterDeletion> {
  const newest = (await newestOf(look, YOUNG_BLOBS)) ?? (await newestOf(look, ''));
  if (newest === undefined) return 'gone';
  const headers = await headersOf(look, look.connection.url(newest.key));
  const isLocked =
    headers['x-ms-immutability-policy-until-date'] !== undefined || headers['x-ms-legal-hold'] === 'true';
  if (isLocked) return 'locked';
  return headers['x-ms-version-id'] === undefined ? 'gone' : 'versions';
}

/** Credentials, or a store, that do not tell. @throws {Failure} `unavailable`. */
function untold(error: unknown): AfterDeletion {
  if (isFailure(error) && error.kind !== 'unavailable') return 'unknown';
  throw error;
}

/** What keeps deleted blobs most; `unknown` where nothing is known to, and something could not be asked. */
const DECIDING_FIRST: readonly AfterDeletion[] = ['locked', 'versions', 'unknown'];

/** Asks the container, the account and a blob. @throws {Failure} `unavailable`. */
export async function afterDeletion(
  connection: AzureConnection,
  action: AzureAction,
  signal: AbortSignal | undefined,
): Promise<AfterDeletion> {
  const look = { connection, action, signal };
  const all = await Promise.all([ofContainer, ofService, ofBlob].map(async (ask) => ask(look).catch(untold)));
  return DECIDING_FIRST.find((one) => all.includes(one)) ?? 'gone';
}
