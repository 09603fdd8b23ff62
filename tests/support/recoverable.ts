/**
 * A server with an archive and everything a recovery needs of the program, for tests and proofs of whole recoveries.
 *
 * @module
 */

import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { backupSourceOf } from '../../src/backup/backup-source.ts';
import { takeBackup } from '../../src/backup/take.ts';
import { localCluster } from '../../src/cluster/local/local-cluster.ts';
import { stopPrivateServer } from '../../src/instance/private-server.ts';
import { serverCommands } from '../../src/instance/server-commands.ts';
import type { AskedTarget } from '../../src/recovery/asked-target.ts';
import { gatherFacts } from '../../src/recovery/gather-facts.ts';
import { makePlan } from '../../src/recovery/plan.ts';
import { newRecoveryId, writePlan } from '../../src/recovery/plan-file.ts';
import type { Plan } from '../../src/recovery/plan-value.ts';
import type { RecoveryUses } from '../../src/recovery/uses.ts';
import type { ObjectStore } from '../../src/storage/object-store.ts';
import { openStore } from '../../src/storage/open.ts';
import { serverAt, startPostgres, type TestServer } from './postgres.ts';

/** A live server, its archive, and what recoveries of it use. Disposing removes all. */
export interface Recoverable extends AsyncDisposable {
  readonly server: TestServer;
  readonly uses: RecoveryUses;
  readonly archive: string;
  readonly root: string;
  backUp(): Promise<string>;
  plan(target: AskedTarget, timeline?: number): Promise<Plan>;
}

/** What to make. */
export interface RecoverableOptions {
  readonly major: number;
  readonly settings?: Readonly<Record<string, string | number>>;
  /** Called when the server runs and the archive's folder exists, before the first backup: starts what archives. */
  readonly whenStarted?: (given: { readonly server: TestServer; readonly store: ObjectStore }) => void;
}

const SEGMENT_MIB = 1;

/** The uses of a server that exists already (another process made it). */
export async function usesOf(
  root: string,
  major: number,
  nowUs = () => BigInt(Date.now()) * 1000n,
): Promise<RecoveryUses> {
  const server = serverAt(join(root, 'live'), major);
  const connection = { host: server.socketDirectory, port: server.port, user: 'postgres', database: 'postgres' };
  const store = await openStore({ kind: 'file', path: join(root, 'archive') });
  const { dataDirectory, bin } = server;
  const values = { dataDirectory, bin, logFile: join(root, 'live', 'server.log'), options: [] };
  const commands = serverCommands({ kind: 'pg_ctl' });
  const limits = { stopTimeoutMs: 60_000, startTimeoutMs: 60_000 };
  const cluster = localCluster({ name: 'shop', server: { dataDirectory, commands, values, connection, ...limits } });
  const onProgress = (): void => {};
  const instance = backupSourceOf(connection);
  return {
    cluster,
    store,
    bin,
    user: 'postgres',
    takeBackup: () =>
      takeBackup({
        store,
        instance,
        dataDirectory,
        compression: 'none',
        concurrency: 2,
        onProgress,
        allowCorruptPages: true,
      }),
    nowUs,
    onProgress,
    concurrency: 2,
    archiveTimeoutMs: 30_000,
  };
}

/** Starts a server that archives into a folder, and takes a first backup. */
export async function startRecoverable(options: RecoverableOptions): Promise<Recoverable> {
  const root = await mkdtemp(join(tmpdir(), 'walkback-recover-'));
  const archive = join(root, 'archive');
  const wal = join(archive, 'wal_005');
  await mkdir(wal, { recursive: true });
  const server = await startPostgres({
    major: options.major,
    root: join(root, 'live'),
    walSegmentSizeMib: SEGMENT_MIB,
    settings: {
      archive_mode: 'on',
      // Asked again for a file that is there (the archiver was killed before it noted it), the same content is a success.
      archive_command: `'if test -f ${wal}/%f; then cmp -s %p ${wal}/%f; else cp %p ${wal}/.%f.tmp && mv ${wal}/.%f.tmp ${wal}/%f; fi'`,
      max_prepared_transactions: 10,
      autovacuum: 'off',
      min_wal_size: "'2MB'",
      ...options.settings,
    },
  });
  const uses = await usesOf(root, options.major);
  options.whenStarted?.({ server, store: uses.store });
  const backUp = async (): Promise<string> => (await uses.takeBackup()).name;
  await backUp();
  return {
    server,
    uses,
    archive,
    root,
    backUp,
    plan: async (target, timeline) => {
      const id = await newRecoveryId(uses.cluster);
      const plan = makePlan(await gatherFacts(uses, { id, target, ...(timeline === undefined ? {} : { timeline }) }));
      await writePlan(uses.cluster, plan);
      return plan;
    },
    [Symbol.asyncDispose]: async () => {
      await stopAllPrivate(uses);
      await server[Symbol.asyncDispose]();
      await rm(root, { recursive: true, force: true });
    },
  };
}

/** Ends what an aborted test may have left running. */
async function stopAllPrivate({ cluster }: RecoveryUses): Promise<void> {
  for (const id of await readdir(cluster.recoveriesFolder).catch(() => [])) {
    if (!/^[0-9a-f]{4,16}$/.test(id)) continue;
    for (const place of ['rehearsal', 'kept', 'replaced'] as const) {
      await stopPrivateServer(cluster.placeOf(id, place), 'immediate');
    }
  }
}
