/**
 * The plan of a clone, and the proof of one that was made, as text.
 *
 * @module
 */

import type { CloneOutcome } from '../../bootstrap/bootstrap-clone.ts';
import type { ClonePlan } from '../../bootstrap/clone-plan-value.ts';
import { formatHistoryName } from '../../postgres/timeline-history.ts';
import type { PlannedTransaction } from '../../recovery/plan-value.ts';
import { countOf, formatBytes, shortTime } from './format.ts';
import { labelled } from './plan-text.ts';
import type { Screen } from './screen.ts';

function neighbour(one: PlannedTransaction | null, none: string, screen: Screen): string {
  return one === null ? none : `transaction ${one.xid}, ${shortTime(BigInt(one.timeUs), screen, 6)}, at ${one.lsn}`;
}

function targetLines({ target, laterCommits }: ClonePlan, screen: Screen): string[] {
  const later = laterCommits === 0 ? [] : [`and all behind it: ${countOf(laterCommits, 'commit')}`];
  return [
    ...labelled(
      'stops',
      [`${target.inclusive ? 'after' : 'before'} ${target.lsn} of timeline ${target.timeline}`],
      screen,
    ),
    ...labelled('keeps', [neighbour(target.lastKept, 'no transaction since the backup', screen)], screen),
    ...labelled('loses', [neighbour(target.firstLost, 'nothing: the archive ends there', screen), ...later], screen),
  ];
}

/** The plan. */
export function clonePlanText(plan: ClonePlan, screen: Screen): string {
  const { backup, replay, space, writesTo } = plan;
  const archives =
    writesTo === null
      ? 'nowhere that was named'
      : `${writesTo.address}${writesTo.isTheSame ? ', the archive it is cloned from' : ''}`;
  return `${[
    `Clone ${plan.id} of ${plan.request.archiveAddress} to ${plan.target.asked}`,
    ...targetLines(plan, screen),
    ...labelled(
      'backup',
      [`${backup.name}, ended ${backup.finishedAt}, ${formatBytes(Number(backup.uncompressedBytes))}`],
      screen,
    ),
    ...labelled(
      'replay',
      [`${countOf(replay.segments, 'segment')}, ${replay.firstSegment} to ${replay.lastSegment}`],
      screen,
    ),
    ...labelled('into', [`${plan.dataDirectory}, PostgreSQL ${plan.upgrade?.to ?? plan.majorVersion}`], screen),
    ...labelled(
      'room',
      [`${formatBytes(Number(space.neededBytes))} needed, ${formatBytes(Number(space.freeBytes))} free`],
      screen,
    ),
    ...labelled('archives', [archives], screen),
    ...labelled('proven', plan.proven, screen),
    ...labelled('know', plan.warnings, screen),
  ].join('\n')}\n`;
}

/** Files that are linked are the new cluster's too: PostgreSQL starts the old one no more. */
function recoveredLines({ upgrade }: ClonePlan, folder: string, screen: Screen): string[] {
  return upgrade?.mode === 'link'
    ? labelled(
        'before',
        [`${folder} shares its files with the new cluster: there is no way back but a new clone`],
        screen,
      )
    : labelled(
        'way back',
        [`the data as they were recovered stay in ${folder}; remove them once the new cluster is good`],
        screen,
      );
}

/** The proof. */
export function cloneDoneText(
  { plan, timeline, reason, switchLsn, recoveredData }: CloneOutcome,
  screen: Screen,
): string {
  const upgraded =
    plan.upgrade === null
      ? []
      : [
          ...labelled('upgraded', [`to PostgreSQL ${plan.upgrade.to}: a new system, on timeline 1`], screen),
          ...recoveredLines(plan, recoveredData ?? '', screen),
        ];
  const fresh =
    plan.writesTo?.isTheSame === true
      ? 'Take a backup on the new timeline before replicas are made from the archive.'
      : 'Take a backup into the new archive: until then nothing of the new cluster can be recovered.';
  return `${[
    `Cloned to ${plan.target.asked}: proven`,
    ...labelled('proof', [`${formatHistoryName(timeline)} says "${reason}", where it was planned to stop`], screen),
    ...targetLines(plan, screen),
    ...labelled('timeline', [`${timeline}, from ${switchLsn} on`], screen),
    ...upgraded,
    ...labelled('in place', [plan.dataDirectory], screen),
    ...labelled('next', [fresh], screen),
  ].join('\n')}\n`;
}
