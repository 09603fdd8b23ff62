/**
 * One member's REST API.
 *
 * Source: patroni/api.py of Patroni 3.0.2, 4.0 and 4.1; "Patroni REST API".
 *
 * @module
 */

import { request as requestPlain } from 'node:http';
import { request as requestOverTls } from 'node:https';

import { Failure, isFailure, messageOf } from '../../base/failure.ts';
import { parseObject, type JsonObject } from './dcs-keys.ts';
import { parseMembers, parseReport, type ListedMember, type MemberReport } from './members.ts';
import { tlsOptionsOf, type RestAccess } from './rest-access.ts';

/** A member's API. Each call is one request; each throws {@link Failure} `unavailable` if there is no answer in time. */
export interface MemberRest {
  /** `http://10.0.0.1:8008` */
  readonly url: string;
  /** GET /patroni; `undefined` if there is no answer, or none of Patroni's. It tells the state also when that is a bad one. */
  status(): Promise<MemberReport | undefined>;
  /** GET /cluster. */
  members(): Promise<readonly ListedMember[]>;
  /** GET /config: the dynamic configuration. */
  config(): Promise<JsonObject>;
  /** PATCH /config: sets what is named, removes what is `null`. @returns the whole of it afterwards. */
  patchConfig(changes: JsonObject): Promise<JsonObject>;
  /** POST /restart: starts PostgreSQL, or starts it again; comes back when that is done. @throws {Failure} `failed` with what Patroni says. */
  restart(): Promise<void>;
  /** POST /reload: has Patroni read its file on that host, soon. */
  reload(): Promise<void>;
  /**
   * POST /reinitialize: removes the member's data and copies it anew; comes back when that has begun.
   *
   * @param fromLeader only from the leader; Patroni before 4.1 pays no heed to it.
   * @throws {Failure} `failed` with what Patroni says, as while there is no leader.
   */
  reinitialize(fromLeader: boolean): Promise<void>;
  /** POST /switchover: comes back when another member leads. @throws {Failure} `failed` with what Patroni says. */
  switchover(given: { readonly leader: string; readonly candidate?: string }): Promise<void>;
}

interface Answer {
  readonly code: number;
  readonly text: string;
}

type Method = 'GET' | 'POST' | 'PATCH';

const TIMEOUT_MS = 10_000;
/** A restart waits for a checkpoint and for recovery. */
const RESTART_TIMEOUT_MS = 600_000;
const SWITCHOVER_TIMEOUT_MS = 120_000;
const MOST_BYTES = 16 * 1024 * 1024;

interface Asked {
  readonly method: Method;
  readonly path: string;
  readonly body?: JsonObject;
  readonly timeoutMs?: number;
}

/** `http://10.0.0.1:8008/patroni`, as members write it into the DCS, without its path. @throws {Failure} `usage` if it is none. */
function baseOf(url: string): URL {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed !== undefined && /^https?:$/.test(parsed.protocol)) return new URL('/', parsed);
  throw new Failure('usage', {
    message: `cannot use ${JSON.stringify(url)} as the address of a member's REST API`,
    remedy: 'Correct restapi.connect_address of that member.',
  });
}

async function send(base: URL, access: RestAccess, asked: Asked): Promise<Answer> {
  const isTls = base.protocol === 'https:';
  const tls = isTls ? await tlsOptionsOf(access) : {};
  const body = asked.body === undefined ? undefined : JSON.stringify(asked.body);
  const headers =
    body === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const options = {
    method: asked.method,
    headers,
    agent: false,
    signal: AbortSignal.timeout(asked.timeoutMs ?? TIMEOUT_MS),
    ...(access.auth === undefined ? {} : { auth: access.auth }),
    ...tls,
  };
  const sent = (isTls ? requestOverTls : requestPlain)(new URL(asked.path, base), options, (answer) => {
    const chunks: Buffer[] = [];
    let sizeBytes = 0;
    answer.on('data', (chunk: Buffer) => {
      sizeBytes += chunk.length;
      if (sizeBytes > MOST_BYTES) answer.destroy(new Error('it answers without an end'));
      else chunks.push(chunk);
    });
    answer.on('end', () => resolve({ code: answer.statusCode ?? 0, text: Buffer.concat(chunks).toString() }));
    answer.on('error', reject);
  });
  sent.on('error', reject);
  sent.end(body);
  return promise;
}

/** The names of a connection's errors say what happened; their messages name the address once more. */
function reasonOf(error: unknown): string {
  if (error instanceof Error && error.name === 'AbortError') return 'it has not answered in time';
  return messageOf(error) || (error instanceof Error && 'code' in error ? String(error.code) : 'no answer');
}

function noAnswer(base: URL, error: unknown): Failure {
  return new Failure('unavailable', {
    message: `cannot ask Patroni at ${base.origin}: ${reasonOf(error)}`,
    remedy: 'See that it runs there and can be reached from here, then run this again.',
    cause: error,
  });
}

function refusal(base: URL, asked: Asked, { code, text }: Answer): Failure {
  const said = text.trim().split('\n')[0]?.slice(0, 200) ?? '';
  const message = `cannot have ${asked.method} ${asked.path} of Patroni at ${base.origin}: it answers ${code}${said === '' ? '' : `, ${said}`}`;
  if (code === 401 || code === 403) {
    const remedy =
      'Give its user and password (restapi.authentication, or ctl.authentication) in the configuration that walkback reads, and let its restapi.allowlist have this host.';
    return new Failure('denied', { message, remedy });
  }
  return new Failure('failed', { message, remedy: 'See the log of Patroni there, then run this again.' });
}

/** The API at an address. Nothing is sent before the first call. @throws {Failure} `usage` if the address is none. */
export function openMemberRest(url: string, access: RestAccess): MemberRest {
  const base = baseOf(url);
  const ask = async (asked: Asked): Promise<Answer> =>
    send(base, access, asked).catch((error: unknown) => {
      throw isFailure(error) ? error : noAnswer(base, error);
    });
  const well = async (asked: Asked): Promise<string> => {
    const answer = await ask(asked);
    if (answer.code >= 200 && answer.code < 300) return answer.text;
    throw refusal(base, asked, answer);
  };
  const get = async (path: string): Promise<string> => well({ method: 'GET', path });
  return {
    url: base.origin,
    // Its code is 503 where PostgreSQL does not run; the answer is Patroni's all the same.
    status: async () => {
      const answer = await send(base, access, { method: 'GET', path: '/patroni' }).catch((error: unknown) => {
        // Not its silence, but a file of ours that cannot be read.
        if (isFailure(error)) throw error;
        return undefined;
      });
      return answer === undefined ? undefined : parseReport(answer.text);
    },
    members: async () => parseMembers(await get('/cluster')),
    config: async () => parseObject(await get('/config')),
    patchConfig: async (changes) => parseObject(await well({ method: 'PATCH', path: '/config', body: changes })),
    restart: async () =>
      void (await well({ method: 'POST', path: '/restart', body: {}, timeoutMs: RESTART_TIMEOUT_MS })),
    reload: async () => void (await well({ method: 'POST', path: '/reload' })),
    reinitialize: async (fromLeader) => {
      const body = { force: true, ...(fromLeader ? { from_leader: true } : {}) };
      await well({ method: 'POST', path: '/reinitialize', body });
    },
    switchover: async (given) => {
      await well({ method: 'POST', path: '/switchover', body: { ...given }, timeoutMs: SWITCHOVER_TIMEOUT_MS });
    },
  };
}
