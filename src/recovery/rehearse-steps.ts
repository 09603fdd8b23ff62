/**
 * The steps of a rehearsal: newest commits archived, data restored beside the live cluster, replayed to the target.
 *
 * @module
 */

import { rm } from 'node:fs/promises';

import { listBackups } from '../backup/list.ts';
import type { Backup } from '../backup/backup.ts';
import { Failure } from '../base/failure.ts';
import { otherCollations } from '../instance/collation-versions.ts';
import { makeFolder } from '../instance/durable-rename.ts';
import { connectToPrivate, stopPrivateServer } from '../instance/private-server.ts';
import { formatLsn } from '../postgres/lsn.ts';
import { restoreBackup } from '../restore/restore-backup.ts';
import { archiveTail } from './archive-tail.ts';
import { damageFacts } from './damage-facts.ts';
import { factsOf, type StepFacts } from './journal.ts';
import { proveWal } from './prove-wal.ts';
import { recoveryFile, type RecoveryContext } from './recovery-context.ts';
import { prepareRehearsal } from './rehearsal-files.ts';
import { replayToTarget } from './replay-to-target.ts';
import { compareRoles, newerFacts } from './role-facts.ts';
import type { Step } from './runner.ts';
import type { REHEARSE_STEPS } from './step-names.ts';

/** How long a rehearsal waits for the archiver: it needs only WAL up to its target, which the plan has seen. */
const FREEZE_TIMEOUT_MS = 10_000;

const never = async (): Promise<boolean> => false;
const nothing = async (): Promise<void> => {};

function rehearsalDirectory({ uses, plan }: RecoveryContext): string {
  return uses.cluster.placeOf(plan.id, 'rehearsal');
}

async function freeze(context: RecoveryContext): Promise<StepFacts> {
  const tail = await archiveTail(context.uses, FREEZE_TIMEOUT_MS);
  return tail.outcome === 'skipped' ? { outcome: 'skipped' } : { outcome: tail.outcome, lastSegment: tail.lastSegment };
}

async function plannedBackup({ uses, plan }: RecoveryContext): Promise<Backup> {
  const backup = (await listBackups(uses.store)).find((one) => one.name === plan.backup.name);
  if (backup !== undefined) return backup;
  throw new Failure('notInArchive', {
    message: `cannot restore ${plan.backup.name}: it is no longer in ${uses.store.address}`,
    remedy: 'Make a new plan:  walkback recover plan',
  });
}

/** The folder of one restored tablespace. The links to them travel inside the data directory; these stay. */
export function tablespaceFolder(context: RecoveryContext, oid: number): string {
  return recoveryFile(context, `tablespaces/${oid}`);
}

/** Removes what a rehearsal has restored, the data last: as long as they are there, not all is. Nothing else is ever in these folders. */
export async function removeRehearsal(context: RecoveryContext): Promise<void> {
  const directory = rehearsalDirectory(context);
  await stopPrivateServer(directory);
  await rm(recoveryFile(context, 'tablespaces'), { recursive: true, force: true });
  await rm(recoveryFile(context, 'configuration-of-the-backup'), { recursive: true, force: true });
  await rm(directory, { recursive: true, force: true });
}

/** An interrupted restore is begun again: half of one cannot be told from a whole one. */
async function restore(context: RecoveryContext): Promise<StepFacts> {
  const { uses, plan } = context;
  await proveWal(uses, plan);
  await removeRehearsal(context);
  const locations = new Map(plan.backup.tablespaces.map(({ oid }) => [oid, tablespaceFolder(context, oid)]));
  for (const folder of locations.values()) await makeFolder(folder);
  const report = await restoreBackup({
    store: uses.store,
    backup: await plannedBackup(context),
    destination: rehearsalDirectory(context),
    tablespaceLocations: locations,
    concurrency: uses.concurrency ?? 4,
    limiter: uses.limiter,
    onProgress: uses.onProgress,
    ...(uses.signal === undefined ? {} : { signal: uses.signal }),
  });
  return { backup: plan.backup.name, ...damageFacts(report) };
}

async function replay(context: RecoveryContext): Promise<StepFacts> {
  const { server, progress } = await replayToTarget(context);
  await using connection = await connectToPrivate(server);
  const collations = await otherCollations(connection);
  return {
    ...(await compareRoles(context, connection)),
    ...(collations.length === 0 ? {} : { otherCollations: collations.join('; ') }),
    socketDirectory: server.settings.socketDirectory,
    port: server.settings.port,
    replayLsn: progress.replayLsn === undefined ? '' : formatLsn(progress.replayLsn),
    lastTransactionUs: progress.lastTransactionUs === undefined ? '' : progress.lastTransactionUs.toString(),
  };
}

/** One that stands is made to run again. Roles of the live server may have changed since it was compared. */
export async function standAgain(context: RecoveryContext): Promise<void> {
  const { server } = await replayToTarget(context);
  await using connection = await connectToPrivate(server);
  const { journal } = context;
  const facts = newerFacts(factsOf(journal.entries, 'replay') ?? {}, await compareRoles(context, connection));
  if (facts !== undefined) await journal.append({ event: 'done', step: 'replay', facts });
}

/** See `SPEC.md`. */
export const rehearseSteps: Record<(typeof REHEARSE_STEPS)[number], Step<RecoveryContext>> = {
  freeze: { do: freeze, undo: nothing, isDone: never },
  restore: { do: restore, undo: removeRehearsal, isDone: never },
  prepare: {
    do: async (context) => {
      await prepareRehearsal(context, rehearsalDirectory(context));
      return {};
    },
    undo: nothing,
    isDone: never,
  },
  replay: { do: replay, undo: (context) => stopPrivateServer(rehearsalDirectory(context)), isDone: never },
};
