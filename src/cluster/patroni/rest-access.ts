/**
 * How the REST API of a cluster's members is reached: user, password and TLS, as Patroni's own tools use them.
 *
 * Source: patroni/request.py (PatroniRequest) of Patroni 3.0, 4.0 and 4.1; "YAML Configuration Settings", `restapi`, `ctl`.
 *
 * @module
 */

import { readFile } from 'node:fs/promises';
import type { AgentOptions } from 'node:https';

import { Failure, messageOf } from '../../base/failure.ts';
import { objectOr, textOr, type JsonObject } from './dcs-keys.ts';

/** What requests need. Holds secrets. */
export interface RestAccess {
  /** `user:password`; `undefined`: requests that change something are not authenticated. */
  readonly auth: string | undefined;
  readonly isInsecure: boolean;
  /** PEM files. */
  readonly caFile: string | undefined;
  readonly certFile: string | undefined;
  readonly keyFile: string | undefined;
  readonly keyPassword: string | undefined;
}

/** `auth` is what Patroni makes of `authentication` when it reads its files. */
function authOf(section: JsonObject): string | undefined {
  const { username, password } = objectOr(section['authentication']);
  const pair = textOr(username) === undefined ? undefined : `${textOr(username)}:${textOr(password) ?? ''}`;
  return textOr(section['auth']) ?? pair;
}

/** The access that a member's configuration gives; `ctl` comes before `restapi`. */
export function restAccessOf(configuration: JsonObject): RestAccess {
  const [ctl, rest] = [objectOr(configuration['ctl']), objectOr(configuration['restapi'])];
  return {
    auth: authOf(ctl) ?? authOf(rest),
    isInsecure: ctl['insecure'] === true,
    caFile: textOr(ctl['cacert']) ?? textOr(rest['cafile']),
    certFile: textOr(ctl['certfile']),
    keyFile: textOr(ctl['keyfile']),
    keyPassword: textOr(ctl['keyfile_password']),
  };
}

async function readPem(path: string): Promise<Buffer> {
  return readFile(path).catch((error: unknown) => {
    throw new Failure('usage', {
      message: `cannot read ${path}, which Patroni's configuration names for its REST API: ${messageOf(error)}`,
      remedy: 'Let this user read it, or correct ctl and restapi in that file.',
      cause: error,
    });
  });
}

/** TLS as `node:https` takes it. @throws {Failure} `usage` if a file cannot be read. */
export async function tlsOptionsOf(access: RestAccess): Promise<AgentOptions> {
  const files = { ca: access.caFile, cert: access.certFile, key: access.keyFile };
  const options: AgentOptions = { rejectUnauthorized: !access.isInsecure };
  for (const name of ['ca', 'cert', 'key'] as const) {
    const path = files[name];
    if (path !== undefined) options[name] = await readPem(path);
  }
  if (access.keyPassword !== undefined) options.passphrase = access.keyPassword;
  return options;
}
