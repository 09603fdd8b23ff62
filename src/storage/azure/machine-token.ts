/**
 * Tokens for the identity of the machine that this runs on.
 *
 * Source: Azure, "How to use managed identities on a VM to acquire an access token" (instance metadata service), "Use
 * managed identities for App Service", "Authenticate against Azure resources with Azure Arc-enabled servers".
 *
 * @module
 */

import { readFile, stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';

import { Failure, messageOf } from '../../base/failure.ts';
import { readText, type HttpAnswer } from '../send-request.ts';
import type { AzureManagedIdentity } from './azure-location.ts';
import { ask, STORAGE_RESOURCE, tokenIn, type Question, type Send, type Token } from './token-answer.ts';
import { noToken } from './token-failure.ts';

/** The metadata server of virtual machines, at the address that is the same on all of them. */
const METADATA = 'http://169.254.169.254';
const METADATA_PATH = '/metadata/identity/oauth2/token';
/** The metadata server answers so while it is being updated. */
const METADATA_PASSING = [404, 410];
const ARC_KEYS = '/var/opt/azcmagent/tokens';
const LARGEST_ARC_KEY_BYTES = 4096;

function addressOf({ endpoint, metadataHost = METADATA }: AzureManagedIdentity): string {
  const host = metadataHost.includes('://') ? metadataHost : `http://${metadataHost}`;
  const url = URL.parse(endpoint ?? `${host.replace(/\/+$/, '')}${METADATA_PATH}`);
  if (url !== null && /^https?:$/.test(url.protocol) && url.search === '') return url.href;
  const name = endpoint === undefined ? 'AZURE_POD_IDENTITY_AUTHORITY_HOST' : 'IDENTITY_ENDPOINT';
  throw noToken('address', `the address of what gives this machine its tokens (${name}) is no http or https address`);
}

function questionFor(identity: AzureManagedIdentity, send: Send): Question {
  const { clientId, endpoint, endpointHeader } = identity;
  const isService = endpoint !== undefined && endpointHeader !== undefined;
  const version = endpoint === undefined ? '2018-02-01' : isService ? '2019-08-01' : '2020-06-01';
  const query = new URLSearchParams({
    'api-version': version,
    resource: STORAGE_RESOURCE,
    ...(clientId === undefined ? {} : { client_id: clientId }),
  });
  const headers: Record<string, string> = isService ? { 'x-identity-header': endpointHeader } : { metadata: 'true' };
  const request = { method: 'GET', url: `${addressOf(identity)}?${query.toString()}`, headers } as const;
  const passing = endpoint === undefined ? METADATA_PASSING : [];
  return { whose: 'managed', send, request, secrets: isService ? [endpointHeader] : [], passing };
}

/** What Azure Arc wants to see: the content of a file that only its own group can read. */
async function arcKey(challenge: string | undefined, folder: string): Promise<string> {
  const [, path] = /^Basic realm="?([^"]+?)"?$/i.exec(challenge ?? '') ?? [];
  // The server says which file: one that lies elsewhere is not sent to it.
  if (path === undefined || dirname(path) !== folder || !basename(path).endsWith('.key'))
    throw noToken('managed', 'the agent of Azure Arc names no key file of its own');
  try {
    const { size } = await stat(path);
    if (size <= LARGEST_ARC_KEY_BYTES) return (await readFile(path, 'utf8')).trim();
  } catch (error) {
    throw noToken(
      'managed',
      `the key of Azure Arc cannot be read: ${messageOf(error)} (the user must be in the group himds)`,
      error,
    );
  }
  throw noToken('managed', 'the key file of Azure Arc is too large to be one');
}

/** What the metadata server says on a virtual machine that was given no identity. */
const HAS_NO_IDENTITY = /\b400 invalid_request: identity not found/i;

/**
 * Asks what gives tokens to this machine; `undefined` if it is a virtual machine of Azure's that has no identity, and none
 * was named. @throws {Failure} `denied`. @throws {TokenGiverAway} to be tried again.
 */
export async function fetchMachineToken(identity: AzureManagedIdentity, send: Send): Promise<Token | undefined> {
  const question = questionFor(identity, send);
  const first = await ask(question);
  if (identity.endpoint !== undefined) return tokenOfService(identity, question, first);
  try {
    return await tokenIn(first, question);
  } catch (error) {
    const isNone = error instanceof Failure && HAS_NO_IDENTITY.test(error.message) && identity.clientId === undefined;
    if (isNone) return undefined;
    throw error;
  }
}

async function tokenOfService(identity: AzureManagedIdentity, question: Question, first: HttpAnswer): Promise<Token> {
  const isArc = identity.endpointHeader === undefined;
  if (!isArc || first.status !== 401) return tokenIn(first, question);
  await readText(first);
  const key = await arcKey(first.headers['www-authenticate'], identity.arcKeyFolder ?? ARC_KEYS);
  const { request } = question;
  const shown = {
    ...question,
    request: { ...request, headers: { ...request.headers, authorization: `Basic ${key}` } },
    secrets: [key],
  };
  return tokenIn(await ask(shown), shown);
}
