/**
 * The steps that make data of an archive in a folder of their own: restored, replayed to exactly the target by a server that
 * can reach nobody; and, later or at once, opened on a number that nothing has, proven, and shut down.
 *
 * @module
 */

import { rm } from 'node:fs/promises';
import { join } from 'node:path';

import type { Backup } from '../backup/backup.ts';
import { listBackups } from '../backup/list.ts';
import { Failure } from '../base/failure.ts';
import { controlFileOf, isShutDown } from '../instance/control-file-of.ts';
import { makeFolder } from '../instance/durable-rename.ts';
import { stopPrivateServer } from '../instance/private-server.ts';
import { formatLsn } from '../postgres/lsn.ts';
import type { StepFacts } from '../recovery/journal.ts';
import { lineOfPlan } from '../recovery/line-of-plan.ts';
import { openReserved } from '../recovery/open-reserved.ts';
import type { PlannedBackup } from '../recovery/planned-backup.ts';
import { damageFacts } from '../recovery/damage-facts.ts';
import { endCleanly, NO_RESTORE } from '../recovery/promote.ts';
import { proveWal } from '../recovery/prove-wal.ts';
import { rehearsalServer, type ReplayContext, type ReplayPlan } from '../recovery/recovery-context.ts';
import { prepareRehearsal } from '../recovery/rehearsal-files.ts';
import { replayToTarget } from '../recovery/replay-to-target.ts';
import { archivedTimelines, reserveTimeline } from '../recovery/timeline-numbers.ts';
import { restoreBackup } from '../restore/restore-backup.ts';
import { factOf, type BootstrapJournal } from './journal.ts';
import type { BootstrapPlace } from './place.ts';
import type { Step } from './runner.ts';
import type { CloneUses } from './uses.ts';

/** What is being made, of what, and where. */
export interface BuildContext {
  readonly uses: Pick<CloneUses, 'place' | 'store' | 'writesTo' | 'onProgress' | 'signal' | 'concurrency' | 'limiter'>;
  readonly plan: ReplayPlan & { readonly backup: PlannedBackup };
  readonly journal: BootstrapJournal;
  /** The same, as replay on a private server sees it. */
  readonly replay: ReplayContext;
  /** Under which the timeline's number is reserved. */
  readonly holder: string;
}

async function plannedBackup({ uses, plan }: BuildContext): Promise<Backup> {
  const backup = (await listBackups(uses.store)).find(({ name }) => name === plan.backup.name);
  if (backup !== undefined) return backup;
  throw new Failure('notInArchive', {
    message: `cannot restore ${plan.backup.name}: it is no longer in ${uses.store.address}`,
    remedy: `Remove ${uses.place.folder} and start again: another backup is looked for then.`,
  });
}

/** The folders of what an attempt has restored. Nothing else is ever in them. */
export function restoredFolders(place: BootstrapPlace, id: string): string[] {
  const beside = ['configuration-of-the-backup', 'spool'].map((name) => join(place.folder, name));
  return [place.data, place.tablespacesOf(id), ...beside];
}

/** Removes what an attempt has restored. */
async function removeRestored({ place }: Pick<CloneUses, 'place'>, id: string): Promise<void> {
  await stopPrivateServer(place.data, 'immediate');
  for (const path of restoredFolders(place, id)) await rm(path, { recursive: true, force: true });
}

/** Half of a restore cannot be told from a whole one: it is begun again, in the same folder. */
async function restore(context: BuildContext): Promise<StepFacts> {
  const { uses, plan } = context;
  await proveWal(uses, plan);
  await removeRestored(uses, plan.id);
  const folder = uses.place.tablespacesOf(plan.id);
  const locations = new Map(plan.backup.tablespaces.map(({ oid }) => [oid, join(folder, String(oid))]));
  if (locations.size > 0) await makeFolder(folder);
  for (const location of locations.values()) await makeFolder(location);
  const report = await restoreBackup({
    store: uses.store,
    backup: await plannedBackup(context),
    destination: uses.place.data,
    tablespaceLocations: locations,
    concurrency: uses.concurrency ?? 4,
    limiter: uses.limiter,
    onProgress: uses.onProgress,
    ...(uses.signal === undefined ? {} : { signal: uses.signal }),
  });
  return { backup: plan.backup.name, ...damageFacts(report) };
}

async function replay(context: BuildContext): Promise<StepFacts> {
  const { progress } = await replayToTarget(context.replay);
  return { replayLsn: progress.replayLsn === undefined ? '' : formatLsn(progress.replayLsn) };
}

/**
 * A number above all that either archive has, reserved in the one that will hold it. The archive that is cloned from may be
 * readable only, and nothing is written there unless it is the same.
 */
async function reserve({ uses, plan, holder }: BuildContext): Promise<StepFacts> {
  const line = lineOfPlan(plan);
  const walDirectory = join(uses.place.data, 'pg_wal');
  const replayedFrom = await archivedTimelines(uses.store);
  const timeline = await reserveTimeline({ store: uses.writesTo, line, holder, walDirectory, replayedFrom });
  return { timeline };
}

async function promote({ replay: context, journal }: BuildContext): Promise<StepFacts> {
  const timeline = Number(factOf(journal.entries, 'reserveTimeline', 'timeline'));
  const { reason, switchLsn } = await openReserved(context, timeline);
  return { timeline, reason, switchLsn: formatLsn(switchLsn) };
}

async function stop({ uses, replay: context, journal }: BuildContext): Promise<StepFacts> {
  await endCleanly(rehearsalServer(context, NO_RESTORE));
  const control = await controlFileOf(uses.place.data);
  const timeline = Number(factOf(journal.entries, 'reserveTimeline', 'timeline'));
  if (isShutDown(control) && control.timeline === timeline) return {};
  throw new Failure('failed', {
    message: `cannot use the recovered data: its control file says "${control.state}" on timeline ${control.timeline}, not a clean shutdown on ${timeline}`,
    remedy: `Remove ${uses.place.folder} and start again.`,
  });
}

/** To exactly the target, where the server stays: paused, in recovery. */
export function replaySteps(context: BuildContext): Step[] {
  return [
    { name: 'restore', do: () => restore(context) },
    {
      name: 'prepare',
      do: async () => {
        await prepareRehearsal(context.replay, context.uses.place.data);
        return {};
      },
    },
    { name: 'replay', do: () => replay(context) },
  ];
}

/** From there to data that have ended cleanly on a timeline of their own. @param beforeStop while that server can be asked. */
export function openSteps(context: BuildContext, beforeStop: readonly Step[] = []): Step[] {
  return [
    { name: 'reserveTimeline', do: () => reserve(context) },
    { name: 'promote', do: () => promote(context) },
    ...beforeStop,
    { name: 'stop', do: () => stop(context) },
  ];
}
