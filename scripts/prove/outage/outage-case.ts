/**
 * One case: a server restored from an archive in S3 whose store fails at some moment, for as long as the case says.
 *
 * @module
 */

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { runAgent } from '../../../src/archive/agent.ts';
import { openStore } from '../../../src/storage/open.ts';
import type { S3Location } from '../../../src/storage/s3/s3-location.ts';
import {
  opens,
  quoted,
  RESTORE_SCRIPT,
  rowsOf,
  settingText,
  type ArchivedCluster,
  type Marker,
} from '../../../tests/support/archived-cluster.ts';
import { FaultProxy } from '../../../tests/support/fault-proxy.ts';
import type { TestServer } from '../../../tests/support/postgres.ts';
import { beginAt, type Outage } from './faults.ts';

/** What a case is made of. */
export interface OutageCase {
  readonly cluster: ArchivedCluster;
  readonly location: S3Location;
  readonly outage: Outage;
  /** Where the trouble begins: at the segment of this marker. */
  readonly at: Marker;
  /** Where recovery shall stop; at the end of the archive without one. */
  readonly target: Marker | undefined;
  readonly by: 'agent' | 'program';
  /** The folder of the program `walkback`. */
  readonly programFolder: string;
}

/** What came of it. */
export interface OutageResult {
  /** What was wrong; `undefined` if the server stopped, and went on to its target when the store was back. */
  readonly problem: string | undefined;
}

const DEADLINES = { attemptIdleMs: 500, callMs: 1500 };

function environment({ endpoint, location }: { endpoint: string; location: S3Location }): Record<string, string> {
  return {
    WALG_S3_PREFIX: `s3://${location.bucket}/${location.prefix}`,
    AWS_ENDPOINT: endpoint,
    AWS_S3_FORCE_PATH_STYLE: 'true',
    AWS_REGION: location.region ?? 'us-east-1',
    AWS_ACCESS_KEY_ID: location.credentials?.accessKeyId ?? '',
    AWS_SECRET_ACCESS_KEY: location.credentials?.secretAccessKey ?? '',
    WALKBACK_STORE_IDLE_TIMEOUT: `${DEADLINES.attemptIdleMs}ms`,
    WALKBACK_STORE_CALL_TIMEOUT: `${DEADLINES.callMs}ms`,
    WALKBACK_RESTORE_WAIT_S: '20',
  };
}

function restoreCommand(given: OutageCase, endpoint: string, spool: string): string {
  const path = given.by === 'program' ? `${given.programFolder}:/usr/bin:/bin` : '/usr/bin:/bin';
  const variables = { ...environment({ endpoint, location: given.location }), PATH: path };
  const words = Object.entries(variables).map(([name, value]) => `${name}=${quoted(value)}`);
  return settingText(`${words.join(' ')} ${quoted(RESTORE_SCRIPT)} ${quoted(spool)} "%f" "%p"`);
}

async function beside<T>(given: OutageCase, server: TestServer, endpoint: string, work: () => Promise<T>): Promise<T> {
  if (given.by === 'program') return work();
  const store = await openStore({ ...given.location, endpoint }, DEADLINES);
  const stop = new AbortController();
  const { dataDirectory, root } = server;
  const running = runAgent({ store, dataDirectory, spool: join(root, 'spool'), signal: stop.signal });
  try {
    return await work();
  } finally {
    stop.abort();
    await running;
    await store.close();
  }
}

async function judge(given: OutageCase, server: TestServer, proxy: FaultProxy): Promise<string | undefined> {
  const wanted = given.target?.rows ?? given.cluster.markers.length;
  beginAt(proxy, given.outage, given.at.segment);
  if (await opens(server)) return `opened with ${await rowsOf(server)} rows of ${wanted}`;
  const met = proxy.requests.some(({ fault }) => fault !== undefined);
  if (!met) return `stopped before the outage began: ${await lastLines(server)}`;
  proxy.clear();
  if (!(await opens(server))) return `did not go on when the store was back: ${await lastLines(server)}`;
  const rows = await rowsOf(server);
  return rows === wanted ? undefined : `went on to ${rows} rows of ${wanted}`;
}

async function lastLines(server: TestServer): Promise<string> {
  const text = await readFile(join(server.root, 'server.log'), 'utf8').catch(() => '');
  return text.trim().split('\n').slice(-6).join(' | ');
}

/** Runs one case. */
export async function runOutage(given: OutageCase): Promise<OutageResult> {
  await using proxy = await FaultProxy.start(given.location.endpoint ?? '');
  const target: Record<string, string> =
    given.target === undefined
      ? {}
      : { recovery_target_lsn: settingText(given.target.lsn), recovery_target_action: settingText('promote') };
  const server = await given.cluster.restored({ signal: 'recovery.signal', settings: target });
  await server.configure({ restore_command: restoreCommand(given, proxy.endpoint, join(server.root, 'spool')) });
  try {
    return { problem: await beside(given, server, proxy.endpoint, () => judge(given, server, proxy)) };
  } finally {
    await server.stop('immediate');
  }
}
