/**
 * The steps of a clone: restored beside the data directory, replayed to exactly the target by a server that can reach nobody,
 * opened on a number that nothing has, proven, shut down, and put in place by one rename.
 *
 * @module
 */

import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { writeFileDurably } from '../archive/durable-file.ts';
import { isThere, syncFolder } from '../instance/durable-rename.ts';
import type { StepFacts } from '../recovery/journal.ts';
import { cleanAutoConf } from './auto-conf.ts';
import { openSteps, replaySteps } from './build-steps.ts';
import type { CloneContext } from './clone-context.ts';
import { archiveRecord, recordOf, writeRecordFile } from './clone-record.ts';
import { appearInPlace } from './in-place.ts';
import { factOf } from './journal.ts';
import type { Step } from './runner.ts';
import { upgradeData } from './upgrade.ts';

const AUTO_CONF = 'postgresql.auto.conf';

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
    ...replaySteps(context),
    ...openSteps(context),
    ...upgrade,
    { name: 'configure', do: () => configure(context) },
    { name: 'record', do: () => record(context) },
    {
      name: 'putInPlace',
      do: (wasInterrupted) => appearInPlace(context.uses.place, { id: context.plan.id, wasInterrupted, isOrphan }),
    },
  ];
}
