/**
 * The steps of a clone: restored beside the data directory, replayed to exactly the target by a server that can reach nobody,
 * opened on a number that nothing has, proven, shut down, and put in place by one rename.
 *
 * @module
 */

import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { writeFileDurably } from '../archive/durable-file.ts';
import type { Backup } from '../backup/backup.ts';
import { listBackups } from '../backup/list.ts';
import { Failure } from '../base/failure.ts';
import { controlFileOf, isShutDown } from '../instance/control-file-of.ts';
import { isThere, makeFolder, syncFolder } from '../instance/durable-rename.ts';
import { stopPrivateServer } from '../instance/private-server.ts';
import { formatLsn } from '../postgres/lsn.ts';
import type { StepFacts } from '../recovery/journal.ts';
import { lineOfPlan } from '../recovery/line-of-plan.ts';
import { openReserved } from '../recovery/open-reserved.ts';
import { endCleanly, NO_RESTORE } from '../recovery/promote.ts';
import { proveWal } from '../recovery/prove-wal.ts';
import { rehearsalServer } from '../recovery/recovery-context.ts';
import { prepareRehearsal } from '../recovery/rehearsal-files.ts';
import { replayToTarget } from '../recovery/replay-to-target.ts';
import { archivedTimelines, reserveTimeline } from '../recovery/timeline-numbers.ts';
import { restoreBackup } from '../restore/restore-backup.ts';
import { cleanAutoConf } from './auto-conf.ts';
import type { CloneContext } from './clone-context.ts';
import { archiveRecord, recordOf, writeRecordFile } from './clone-record.ts';
import { appearInPlace } from './in-place.ts';
import { factOf } from './journal.ts';
import type { Step } from './runner.ts';
import { upgradeData } from './upgrade.ts';

const AUTO_CONF = 'postgresql.auto.conf';

async function plannedBackup({ uses, plan }: CloneContext): Promise<Backup> {
  const backup = (await listBackups(uses.store)).find(({ name }) => name === plan.backup.name);
  if (backup !== undefined) return backup;
  throw new Failure('notInArchive', {
    message: `cannot restore ${plan.backup.name}: it is no longer in ${uses.store.address}`,
    remedy: `Remove ${uses.place.folder} and start again: another backup is looked for then.`,
  });
}

/** Removes what an attempt has restored. Nothing else is ever in these folders. */
export async function removeRestored(context: Pick<CloneContext, 'uses'>, id: string): Promise<void> {
  const { place } = context.uses;
  await stopPrivateServer(place.data, 'immediate');
  await rm(place.data, { recursive: true, force: true });
  await rm(place.tablespacesOf(id), { recursive: true, force: true });
  await rm(join(place.folder, 'configuration-of-the-backup'), { recursive: true, force: true });
  await rm(join(place.folder, 'spool'), { recursive: true, force: true });
}

/** Half of a restore cannot be told from a whole one: it is begun again, in the same folder. */
async function restore(context: CloneContext): Promise<StepFacts> {
  const { uses, plan } = context;
  await proveWal(uses, plan);
  await removeRestored(context, plan.id);
  const folder = uses.place.tablespacesOf(plan.id);
  const locations = new Map(plan.backup.tablespaces.map(({ oid }) => [oid, join(folder, String(oid))]));
  if (locations.size > 0) await makeFolder(folder);
  for (const location of locations.values()) await makeFolder(location);
  await restoreBackup({
    store: uses.store,
    backup: await plannedBackup(context),
    destination: uses.place.data,
    tablespaceLocations: locations,
    concurrency: uses.concurrency ?? 4,
    onProgress: uses.onProgress,
    ...(uses.signal === undefined ? {} : { signal: uses.signal }),
  });
  return { backup: plan.backup.name };
}

async function replay(context: CloneContext): Promise<StepFacts> {
  const { progress } = await replayToTarget(context.replay);
  return { replayLsn: progress.replayLsn === undefined ? '' : formatLsn(progress.replayLsn) };
}

/**
 * A number above all that either archive has, reserved in the one that will hold it. The archive that is cloned from may be
 * readable only, and nothing is written there unless it is the same.
 */
async function reserve({ uses, plan }: CloneContext): Promise<StepFacts> {
  const line = lineOfPlan(plan);
  const walDirectory = join(uses.place.data, 'pg_wal');
  const replayedFrom = await archivedTimelines(uses.store);
  const holder = `clone-${plan.id}`;
  const timeline = await reserveTimeline({ store: uses.writesTo, line, holder, walDirectory, replayedFrom });
  return { timeline };
}

async function promote({ replay: context, journal }: CloneContext): Promise<StepFacts> {
  const timeline = Number(factOf(journal.entries, 'reserveTimeline', 'timeline'));
  const { reason, switchLsn } = await openReserved(context, timeline);
  return { timeline, reason, switchLsn: formatLsn(switchLsn) };
}

async function stop({ uses, replay: context, journal }: CloneContext): Promise<StepFacts> {
  await endCleanly(rehearsalServer(context, NO_RESTORE));
  const control = await controlFileOf(uses.place.data);
  const timeline = Number(factOf(journal.entries, 'reserveTimeline', 'timeline'));
  if (isShutDown(control) && control.timeline === timeline) return {};
  throw new Failure('failed', {
    message: `cannot use the recovered data: its control file says "${control.state}" on timeline ${control.timeline}, not a clean shutdown on ${timeline}`,
    remedy: `Remove ${uses.place.folder} and start again.`,
  });
}

/** The guard goes, the settings of the backup's time come back without those that would lead to the old cluster. */
async function configure(context: CloneContext): Promise<StepFacts> {
  const { uses, plan, journal } = context;
  const { data, folder } = uses.place;
  const saved = join(folder, 'configuration-of-the-backup', AUTO_CONF);
  const isUpgraded = plan.upgrade !== null;
  let leftOut: readonly string[] = [];
  if (!isUpgraded) {
    const before = (await isThere(saved)) ? await readFile(saved, 'utf8') : '';
    const cleaned = cleanAutoConf(before);
    leftOut = cleaned.leftOut;
    await writeFileDurably(join(data, AUTO_CONF), Buffer.from(cleaned.text));
  }
  await rm(join(data, 'standby.signal'), { force: true });
  await rm(join(data, 'postmaster.opts'), { force: true });
  const [timeline, reason] = [
    Number(factOf(journal.entries, 'promote', 'timeline')),
    factOf(journal.entries, 'promote', 'reason'),
  ];
  await writeRecordFile(data, recordOf(plan, timeline, reason, nowOf(context)));
  await syncFolder(data);
  return { leftOut: leftOut.join(', ') };
}

function nowOf({ uses }: CloneContext): Date {
  return new Date(Number(uses.nowUs() / 1000n));
}

async function record(context: CloneContext): Promise<StepFacts> {
  const { uses, plan, journal } = context;
  if (uses.writesTo === undefined) return { skipped: 'no archive is named' };
  const timeline = plan.upgrade === null ? Number(factOf(journal.entries, 'promote', 'timeline')) : 1;
  const reason = factOf(journal.entries, 'promote', 'reason');
  await archiveRecord(uses.writesTo, recordOf(plan, timeline, reason, nowOf(context)));
  return {};
}

/** The steps of a clone, in their order. @param isOrphan true once Patroni, which started this, has ended. */
export function cloneSteps(context: CloneContext, isOrphan: () => boolean): Step[] {
  const upgrade: Step[] = context.plan.upgrade === null ? [] : [{ name: 'upgrade', do: () => upgradeData(context) }];
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
    { name: 'reserveTimeline', do: () => reserve(context) },
    { name: 'promote', do: () => promote(context) },
    { name: 'stop', do: () => stop(context) },
    ...upgrade,
    { name: 'configure', do: () => configure(context) },
    { name: 'record', do: () => record(context) },
    {
      name: 'putInPlace',
      do: (wasInterrupted) => appearInPlace(context.uses.place, { id: context.plan.id, wasInterrupted, isOrphan }),
    },
  ];
}
