/**
 * What a server of S3 says that it is.
 *
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises';

import { messageOf } from '../../base/failure.ts';
import { makeHttpAgents, type HttpAgents } from '../../storage/http-agents.ts';
import type { S3Location } from '../../storage/s3/s3-location.ts';
import { readText, sendRequest } from '../../storage/send-request.ts';

/** What came of asking. */
export interface ServerName {
  /** Which of those that are known; `undefined`: none of them, or nobody has answered. */
  readonly known: 'minio' | 'seaweedfs' | undefined;
  /** For messages, after "the server": `calls itself "nginx"`. */
  readonly said: string;
}

const IDLE_MS = 10_000;
const PAUSE_MS = 500;

function knownAs(name: string): ServerName['known'] {
  if (/^minio/i.test(name)) return 'minio';
  return /seaweed/i.test(name) ? 'seaweedfs' : undefined;
}

/** One try. `isPassing`: another may go better. */
async function ask(endpoint: string, agents: HttpAgents): Promise<ServerName & { readonly isPassing: boolean }> {
  try {
    const request = { method: 'GET', url: `${endpoint}/`, headers: {} } as const;
    const answer = await sendRequest(request, { agents, idleMs: IDLE_MS, signal: AbortSignal.timeout(IDLE_MS) });
    await readText(answer);
    const { server = '' } = answer.headers;
    const known = knownAs(server);
    const named = server === '' ? 'does not say what it is' : `calls itself ${JSON.stringify(server)}`;
    const isAway = answer.status >= 500 || answer.status === 429;
    return {
      known,
      said: isAway ? `${named}, and answers with status ${answer.status}` : named,
      isPassing: known === undefined && isAway,
    };
  } catch (error) {
    return { known: undefined, said: `did not answer (${messageOf(error)})`, isPassing: true };
  }
}

/** Asks the server at `endpoint`, without credentials, and again if a proxy answered for it, or nobody did. */
export async function serverName(location: S3Location, endpoint: string, mostTries: number): Promise<ServerName> {
  const agents = await makeHttpAgents(location);
  try {
    for (let tries = 1; ; tries += 1) {
      const { isPassing, ...name } = await ask(endpoint, agents);
      if (!isPassing || tries === mostTries) return name;
      await sleep(PAUSE_MS * tries);
    }
  } finally {
    agents.http.destroy();
    agents.https.destroy();
  }
}
