/**
 * The agent's control endpoint, as the settings want it.
 *
 * @module
 */

import { hostname } from 'node:os';
import { join } from 'node:path';

import type { Hello } from '../agent/control/control-messages.ts';
import { PROTOCOL } from '../agent/control/control-messages.ts';
import { Jobs } from '../agent/control/jobs.ts';
import type { CheckedCommand, ControlOptions, TlsFiles } from '../agent/control/serve-control.ts';
import { readToken } from '../agent/control/token.ts';
import { exists, readControlFile } from '../archive/server.ts';
import { Failure } from '../base/failure.ts';
import type { Settings } from '../config/load-settings.ts';
import { isLoopback } from '../config/value-kind.ts';
import { readNamedFile, readOwnCertificate } from './open-remote-agents.ts';
import { ownProgram } from './own-program.ts';

/** What it needs of the agent. */
export interface AgentControlOptions {
  readonly settings: Settings;
  readonly dataDirectory: string;
  readonly clusterName: string;
  readonly version: string;
  /** @throws {Failure} for what may not be run for callers. */
  readonly check: (args: readonly string[]) => Promise<CheckedCommand>;
  readonly onNote: (line: string) => void;
  readonly onWarning: (message: string) => void;
  readonly signal: AbortSignal;
}

async function readTls(settings: Settings): Promise<TlsFiles> {
  const own = await readOwnCertificate(settings);
  if (own === undefined) {
    throw new Failure('usage', {
      message: 'cannot take commands from other hosts without TLS: control-certificate is not set',
      remedy: 'Set control-certificate and control-key, or let control-address be one of the loopback interface.',
    });
  }
  const ca = settings.get('controlClientCa');
  return { ...own, ca: ca === undefined ? undefined : await readNamedFile(ca, 'control-client-ca') };
}

async function isPrimary(dataDirectory: string): Promise<boolean> {
  const signals = ['recovery.signal', 'standby.signal'].map((name) => exists(join(dataDirectory, name)));
  if ((await Promise.all(signals)).includes(true)) return false;
  return readControlFile(dataDirectory).then(
    ({ state }) => state === 'in production',
    () => false,
  );
}

/**
 * What is served; `undefined` if nothing is.
 *
 * @throws {Failure} for settings with which it must not be served: no token, no certificate where one is needed.
 */
export async function openAgentControl(given: AgentControlOptions): Promise<ControlOptions | undefined> {
  const { settings, dataDirectory, clusterName, version, check, onNote, onWarning, signal } = given;
  const via = settings.find('via') ?? settings.find('viaMember');
  if (via !== undefined) {
    throw new Failure('usage', {
      message: `cannot run an agent with via or via-member set (${via.source.where}): its backups would be taken elsewhere`,
      remedy: 'Set it where commands are typed, not where they are to run.',
    });
  }
  const address = settings.get('controlAddress');
  if (address === undefined) return undefined;
  const tokenFile = settings.require('controlTokenFile', 'take commands from callers');
  await readToken(tokenFile);
  const mayBePlain = isLoopback(address.host) && settings.get('controlCertificate') === undefined;
  if (!mayBePlain) await readTls(settings);
  const own = ownProgram();
  const readHello = async (): Promise<Hello> => ({
    program: 'walkback',
    version,
    protocol: PROTOCOL,
    host: hostname(),
    cluster: clusterName,
    isPrimary: await isPrimary(dataDirectory),
  });
  return {
    ...address,
    readToken: () => readToken(tokenFile),
    readTls: mayBePlain ? undefined : () => readTls(settings),
    jobs: new Jobs({
      folder: join(`${dataDirectory}.walkback`, 'jobs'),
      commandFor: (folder) => [own.program, ...own.args, 'relayed', folder],
      environment: settings.environment,
    }),
    readHello,
    check,
    audit: (line) => onNote(`control: ${line}`),
    onWarning,
    signal,
  };
}
