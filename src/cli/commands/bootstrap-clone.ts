/**
 * `walkback bootstrap clone`: Patroni's custom bootstrap of a new cluster from an archive.
 *
 * @module
 */

import { openCloneUses } from '../../app/open-bootstrap.ts';
import { Failure } from '../../base/failure.ts';
import { bootstrapClone, planBootstrapClone } from '../../bootstrap/bootstrap-clone.ts';
import { UPGRADE_MODES, type ClonePlan } from '../../bootstrap/clone-plan-value.ts';
import type { CloneRequest } from '../../bootstrap/uses.ts';
import { openWorkNote } from '../../instance/work-note.ts';
import { BOOTSTRAP_OPTIONS } from '../bootstrap-options.ts';
import { shownBootstrapProgress, shownBootstrapSteps, shownCloneSteps } from '../bootstrap-steps.ts';
import { defineCommand } from '../command.ts';
import { choice, flag, instant, integer, lsn, path, repeated, text, timelineOrHex } from '../options.ts';
import { cloneDoneText, clonePlanText } from '../output/clone-text.ts';
import type { Session } from '../session.ts';
import { targetFrom, TARGET_OPTIONS, type GivenTarget } from '../target-options.ts';

const HIGHEST_MAJOR = 99;
const { toXid, beforeXid, afterXid, toName, toLatest, inclusive, exclusive } = TARGET_OPTIONS;

const options = {
  ...BOOTSTRAP_OPTIONS,
  toTime: instant('To this time: all that was committed by then is there'),
  toLsn: lsn('To the record at this WAL position'),
  toXid,
  beforeXid,
  afterXid,
  toName,
  toLatest,
  inclusive,
  exclusive,
  timeline: timelineOrHex(
    'On the line of history of this timeline, decimal or 0x…; the line that has the target unless told',
  ),
  lookIn: repeated(
    text(
      "Look in this archive instead of the settings' own; given several times, the first with a backup from before the target",
      'ARCHIVE',
    ),
  ),
  archiveEnvDir: path('The directory of variables of the archive that the new cluster will write'),
  major: integer("The new cluster's major version: a newer one than the backup's is upgraded to", 10, HIGHEST_MAJOR),
  upgradeMode: choice('How pg_upgrade takes the files over; copy unless told', UPGRADE_MODES),
  again: flag('Also if this very clone has been made before, and its cluster has lived since'),
  dryRun: flag('Show the plan alone'),
} as const;

/** The command. */
export const bootstrapCloneCommand = defineCommand({
  path: ['bootstrap', 'clone'],
  summary: 'Make a new cluster from an archive, at exactly a target: Patroni runs it as its custom bootstrap',
  description:
    'Restores and replays beside the data directory, proves where it stopped, and puts the finished data there by one rename. Killed at any moment and started again, it goes on towards the same target. Without a target: to the end of the newest line of the archive.',
  settings: ['archive', 'writing', 'server'],
  options,
  examples: [
    {
      line: 'walkback bootstrap clone --env-dir /run/etc/wal-e.d/env-clone-shop --to-time 2026-06-05T15:02:11Z',
      does: 'as Patroni starts it, which adds --scope and --datadir',
    },
    { line: 'walkback bootstrap clone --datadir /pgdata/pgroot/data --dry-run', does: 'what would be done' },
  ],
  run: async (given, session) => {
    const { settings, reporter, signal } = session;
    const request = requestOf(given, session);
    const datadir = given.datadir ?? settings.require('dataDirectory', 'tell where the cluster is to appear');
    await using note = await openWorkNote(datadir, 'clone');
    const shown = shownBootstrapProgress(reporter);
    await using opened = await openCloneUses(
      settings,
      {
        dataDirectory: datadir,
        lookIn: given.lookIn,
        target: request.target,
        archiveEnvironment: given.archiveEnvDir,
        binaries: given.bin,
      },
      {
        onProgress: (progress) => {
          shown(progress);
          note.onProgress(progress);
        },
        note: reporter.note,
        signal,
      },
    );
    if (given.dryRun) {
      const plan = await planBootstrapClone(opened.uses, request);
      reporter.finish('plan');
      return { text: (screen) => clonePlanText(plan, screen), json: plan };
    }
    const startedBy = process.ppid;
    const steps = shownBootstrapSteps(reporter);
    const outcome = await bootstrapClone(opened.uses, request, {
      onPlan: (plan, isGoneOnWith) => tellPlan(plan, isGoneOnWith, session),
      onEntry: steps.onEntry,
      isOrphan: () => process.ppid !== startedBy,
    });
    steps.finish();
    return { text: (screen) => cloneDoneText(outcome, screen), json: outcome };
  },
});

type Given = GivenTargetOfClone & {
  readonly scope: string | undefined;
  readonly timeline: number | undefined;
  readonly major: number | undefined;
  readonly upgradeMode: CloneRequest['upgradeMode'] | undefined;
  readonly again: boolean;
};
type GivenTargetOfClone = Omit<GivenTarget, 'beforeDrop' | 'beforeDelete'>;

function requestOf(given: Given, { settings }: Session): CloneRequest {
  const target = targetFrom({ ...given, beforeDrop: undefined, beforeDelete: undefined }) ?? { kind: 'latest' };
  if ('table' in target) throw new TypeError('a clone has no such target');
  const { timeline, major, upgradeMode = 'copy', again } = given;
  const scope = given.scope ?? settings.get('clusterName') ?? '';
  if (target.kind === 'time' && target.timeUs > BigInt(Date.now()) * 1000n) throw inTheFuture();
  return { scope, target, timeline, major, upgradeMode, again };
}

function inTheFuture(): Failure {
  return new Failure('usage', {
    message: 'cannot clone to a time in the future',
    remedy: 'Give a time that has passed, with its offset; or no time, for the end of the archive.',
  });
}

function tellPlan(plan: ClonePlan, isGoneOnWith: boolean, { reporter, screen }: Session): void {
  reporter.finish('plan');
  reporter.plan(
    `${isGoneOnWith ? 'going on with' : 'begun:'} clone ${plan.id} of ${plan.request.archiveAddress} to ${plan.target.asked}`,
    shownCloneSteps(plan),
  );
  if (isGoneOnWith) return;
  for (const line of clonePlanText(plan, screen).trimEnd().split('\n')) reporter.note(line);
}
