/**
 * From settings to the agents that are asked to run a command.
 *
 * @module
 */

import { readFile } from 'node:fs/promises';

import { readToken } from '../agent/control/token.ts';
import { Failure, isFailure, messageOf } from '../base/failure.ts';
import type { Settings } from '../config/load-settings.ts';
import { RemoteAgent, type AgentAccess } from './remote-agent.ts';

/** Reads a file that a setting names. @throws {Failure} `denied`. */
export async function readNamedFile(path: string, setting: string): Promise<string> {
  return readFile(path, 'utf8').catch((error: unknown) => {
    throw new Failure('denied', {
      message: `cannot read ${path}: ${messageOf(error)}`,
      remedy: `Correct ${setting}, or let this user read the file.`,
      cause: error,
    });
  });
}

/** The certificate that this side shows, with its key. @throws {Failure} `usage` if one of them is not set. */
export async function readOwnCertificate(settings: Settings): Promise<AgentAccess['certificate']> {
  const [certPath, keyPath] = [settings.get('controlCertificate'), settings.get('controlKey')];
  if (certPath === undefined && keyPath === undefined) return undefined;
  const purpose = 'show a certificate';
  return {
    cert: await readNamedFile(settings.require('controlCertificate', purpose), 'control-certificate'),
    key: await readNamedFile(settings.require('controlKey', purpose), 'control-key'),
  };
}

async function readAccess(settings: Settings): Promise<AgentAccess> {
  const ca = settings.get('controlCa');
  return {
    token: await readToken(settings.require('controlTokenFile', 'call an agent')),
    ca: ca === undefined ? undefined : await readNamedFile(ca, 'control-ca'),
    certificate: await readOwnCertificate(settings),
  };
}

/** The agents at these addresses, in their order; not called yet. @throws {Failure} `usage`, `denied`. */
export async function openRemoteAgents(settings: Settings, urls: readonly URL[]): Promise<readonly RemoteAgent[]> {
  const access = await readAccess(settings);
  return urls.map((url) => new RemoteAgent(url, access));
}

/**
 * The agent to ask: the one whose server is the primary, otherwise the first that answers.
 *
 * @throws {Failure} of the first, if none answers. One that refuses us (`denied`) is no reason to go on to the next.
 */
export async function chooseAgent(agents: readonly RemoteAgent[], signal: AbortSignal): Promise<RemoteAgent> {
  let [first, failure]: [RemoteAgent | undefined, unknown] = [undefined, undefined];
  for (const agent of agents) {
    try {
      const { isPrimary } = await agent.hello(signal);
      if (isPrimary || agents.length === 1) return agent;
      first ??= agent;
    } catch (error) {
      signal.throwIfAborted();
      if (!isFailure(error, 'unavailable')) throw error;
      failure ??= error;
    }
  }
  if (first !== undefined) return first;
  throw failure;
}
