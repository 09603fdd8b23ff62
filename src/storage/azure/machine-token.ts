/**
 * Tokens for the identity of the machine that this runs on, and for the login of the program `az`.
 *
 * Source: Azure, "How to use managed identities on a VM to acquire an access token" (instance metadata service), "Use
 * managed identities for App Service", "Authenticate against Azure resources with Azure Arc-enabled servers".
 *
 * @module
 */

import { execFile } from 'node:child_process';
import { readFile, stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { promisify } from 'node:util';

import { messageOf } from '../../base/failure.ts';
import { readText, type HttpRequest } from '../send-request.ts';
import type { AzureManagedIdentity } from './azure-location.ts';
import { noToken, STORAGE_RESOURCE, tokenOf, type Send, type Token } from './entra-token.ts';

/** The metadata server of virtual machines, at the address that is the same on all of them. */
const METADATA = 'http://169.254.169.254/metadata/identity/oauth2/token';
const ARC_KEYS = '/var/opt/azcmagent/tokens';
const LARGEST_ARC_KEY_BYTES = 4096;

function requestFor({ clientId, endpoint, endpointHeader }: AzureManagedIdentity): HttpRequest {
  const isService = endpoint !== undefined && endpointHeader !== undefined;
  const version = endpoint === undefined ? '2018-02-01' : isService ? '2019-08-01' : '2020-06-01';
  const query = new URLSearchParams({
    'api-version': version,
    resource: STORAGE_RESOURCE,
    ...(clientId === undefined ? {} : { client_id: clientId }),
  });
  const headers: Record<string, string> = isService ? { 'x-identity-header': endpointHeader } : { metadata: 'true' };
  return { method: 'GET', url: `${endpoint ?? METADATA}?${query.toString()}`, headers };
}

/** What Azure Arc wants to see: the content of a file that only its own group can read. */
async function arcKey(challenge: string | undefined): Promise<string> {
  const [, path] = /^Basic realm="?([^"]+?)"?$/i.exec(challenge ?? '') ?? [];
  // The server says which file: one that lies elsewhere is not sent to it.
  if (path === undefined || dirname(path) !== ARC_KEYS || !basename(path).endsWith('.key'))
    throw noToken('the agent of Azure Arc names no key file of its own');
  try {
    const { size } = await stat(path);
    if (size <= LARGEST_ARC_KEY_BYTES) return (await readFile(path, 'utf8')).trim();
  } catch (error) {
    throw noToken(
      `the key of Azure Arc cannot be read: ${messageOf(error)} (the user must be in the group himds)`,
      error,
    );
  }
  throw noToken('the key file of Azure Arc is too large to be one');
}

/** Asks what gives tokens to this machine. @throws {Failure} `denied`. @throws {AzureError} to be tried again. */
export async function fetchMachineToken(identity: AzureManagedIdentity, send: Send): Promise<Token> {
  const request = requestFor(identity);
  const who = new URL(request.url).host;
  const first = await send(request);
  const isArc = identity.endpoint !== undefined && identity.endpointHeader === undefined;
  if (!isArc || first.status !== 401) return tokenOf(first, who, Date.now());
  await readText(first);
  const key = await arcKey(first.headers['www-authenticate']);
  const headers = { ...request.headers, authorization: `Basic ${key}` };
  return tokenOf(await send({ ...request, headers }), who, Date.now());
}

const CLI_MS = 30_000;

/** Asks the program `az`; `undefined` if it is not there. @throws {Failure} `denied` if nobody has logged in. */
export async function fetchCliToken(): Promise<Token | undefined> {
  const args = ['account', 'get-access-token', '--output', 'json', '--resource', STORAGE_RESOURCE];
  let text: string;
  try {
    ({ stdout: text } = await promisify(execFile)('az', args, { timeout: CLI_MS }));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw noToken(
      `the program az gives none (${messageOf(error).split('\n')[1] ?? 'it failed'}); log in with "az login"`,
      error,
    );
  }
  const found: unknown = JSON.parse(text);
  const member = (name: string): unknown =>
    typeof found === 'object' && found !== null ? Reflect.get(found, name) : undefined;
  const token = member('accessToken');
  if (typeof token !== 'string') throw noToken('the program az gives none');
  const atS = Number(member('expires_on'));
  return { text: token, endsAtMs: Number.isFinite(atS) && atS > 0 ? atS * 1000 : Date.now() + 5 * 60_000 };
}
