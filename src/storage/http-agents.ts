/**
 * The connections of a store that is reached over HTTP: kept alive, through a proxy where one is set, and trusting the
 * certificate authorities that were named beside the public ones.
 *
 * @module
 */

import { readFile } from 'node:fs/promises';
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { rootCertificates } from 'node:tls';

import { Failure, messageOf } from '../base/failure.ts';

/** Enough that bodies which wait for their reader do not keep other calls from getting a connection. */
const MAX_SOCKETS = 256;

/** The proxies that requests go through, as `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` name them. */
export interface ProxySettings {
  readonly https?: string;
  readonly http?: string;
  /** Hosts that are reached directly, separated by commas. */
  readonly except?: string;
}

/** How a store is connected to. */
export interface HttpSettings {
  readonly proxy?: ProxySettings;
  /** A PEM file of certificate authorities that are trusted beside the public ones. */
  readonly caFile?: string;
}

/** One pool of connections for each scheme. */
export interface HttpAgents {
  readonly http: HttpAgent;
  readonly https: HttpsAgent;
}

async function readAuthorities(caFile: string): Promise<string[]> {
  try {
    return [...rootCertificates, await readFile(caFile, 'utf8')];
  } catch (error) {
    throw new Failure('usage', {
      message: `cannot read the certificate authorities in ${caFile}: ${messageOf(error)}`,
      remedy: 'Name a PEM file that this user may read.',
      cause: error,
    });
  }
}

/** Node takes proxies from its agents since 24.5; before, it would go past them without a word. */
function refuseOldNode(): void {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > 24 || (major === 24 && minor >= 5)) return;
  throw new Failure('usage', {
    message: `cannot use the proxy that is set: Node ${process.versions.node} does not know how`,
    remedy: 'Use Node 24.5 or later, or unset the proxy.',
  });
}

/** The proxies in the form that Node's agents take. @throws {Failure} `usage` if this Node cannot. */
function proxyEnvironment({ https, http, except }: ProxySettings): Record<string, string> | undefined {
  if (https === undefined && http === undefined) return undefined;
  refuseOldNode();
  return {
    ...(https === undefined ? {} : { HTTPS_PROXY: https }),
    ...(http === undefined ? {} : { HTTP_PROXY: http }),
    ...(except === undefined ? {} : { NO_PROXY: except }),
  };
}

/** Makes the pools. @throws {Failure} `usage` for a file of authorities that cannot be read. */
export async function makeHttpAgents({ proxy, caFile }: HttpSettings): Promise<HttpAgents> {
  const ca = caFile === undefined ? {} : { ca: await readAuthorities(caFile) };
  const proxyEnv = proxyEnvironment(proxy ?? {});
  const shared = { keepAlive: true, maxSockets: MAX_SOCKETS, ...(proxyEnv === undefined ? {} : { proxyEnv }) };
  return { http: new HttpAgent(shared), https: new HttpsAgent({ ...shared, ...ca }) };
}
