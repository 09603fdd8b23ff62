/**
 * The screen of `walkback prune`, and the same as JSON.
 *
 * @module
 */

import { describeFreeze } from '../../backup/freeze-note.ts';
import { policyInWords } from '../../prune/keep-policy.ts';
import type { KeepReason, KeptBackup } from '../../prune/decide-prune.ts';
import type { PruneReport } from '../../prune/prune.ts';
import type { PrunePlan } from '../../prune/prune-plan.ts';
import { formatHistoryName } from '../../postgres/timeline-history.ts';
import { countOf, describeMoment, formatBytes, shortTime, zoneLine } from './format.ts';
import type { Screen } from './screen.ts';
import { wrap } from './wrap.ts';

const US_PER_MS = 1000n;
const SHOWN_GOING = 20;

function timeUs(time: Date | number): bigint {
  return BigInt(Math.round(typeof time === 'number' ? time : time.getTime())) * US_PER_MS;
}

/** From when on every moment stays; `undefined` if all does. */
function beginOfPromise({ promisedFromMs }: PrunePlan): Date | undefined {
  return Number.isFinite(promisedFromMs) ? new Date(promisedFromMs) : undefined;
}

function whyKept(reason: KeepReason): string {
  switch (reason.kind) {
    case 'promised':
      return 'within what is kept';
    case 'begin':
      return 'what is kept begins with it';
    case 'mendable':
      return 'lacks WAL, and nothing older can be restored';
    case 'unknownLine':
      return `${reason.of} is missing`;
    case 'permanent':
      return 'permanent';
    case 'inUse':
      return `recovery ${reason.by} uses it`;
    case 'parent':
      return `${reason.of} builds on it`;
    default:
      return reason satisfies never;
  }
}

function keptLines(plan: PrunePlan, screen: Screen): string[] {
  const line = ({ backup, reason }: KeptBackup): string =>
    `  stays   ${backup.name}  ${shortTime(timeUs(backup.finishedAt), screen)}  ${whyKept(reason)}`;
  const within = plan.kept.filter(({ reason }) => reason.kind === 'promised');
  const others = plan.kept.filter(({ reason }) => reason.kind !== 'promised');
  if (within.length <= 2) return plan.kept.map(line);
  const more = others.length === 0 ? '' : ' more';
  return [...others.map(line), `  stay    ${countOf(within.length, 'backup')}${more}, within what is kept`];
}

function goingLines(plan: PrunePlan, screen: Screen): string[] {
  const shown = plan.going.slice(0, SHOWN_GOING).map(({ backup, sizeBytes }) => {
    const kind = backup.deltaFrom === undefined ? '' : ', delta';
    return `  goes    ${backup.name}  ${shortTime(timeUs(backup.finishedAt), screen)}  ${formatBytes(sizeBytes)}${kind}`;
  });
  const more = plan.going.length - shown.length;
  return [
    ...shown,
    ...(more > 0 ? [`  go      ${countOf(more, 'backup')} more`] : []),
    ...plan.segments.map(({ firstName, lastName, segmentCount }) =>
      firstName === lastName
        ? `  goes    WAL ${firstName}`
        : `  goes    WAL ${firstName} to ${lastName}, ${countOf(segmentCount, 'segment')}`,
    ),
    ...plan.leftovers.map((name) => `  goes    what is left of ${name}, which is no backup any more`),
  ];
}

const LIFECYCLE =
  'its lifecycle rule for noncurrent versions frees the space. Such a rule must never expire current versions.';

/** What a store of each kind is asked with, by the beginning of an archive's address. */
const ASKED_WITH: readonly (readonly [scheme: string, right: string])[] = [
  ['s3:', 's3:GetBucketVersioning and s3:GetBucketObjectLockConfiguration'],
  ['gs:', 'storage.buckets.get'],
  ['azure:', 'reading the properties of the container and of the Blob service'],
];

function unknownNote(address: string, what: string): string {
  const [, right] = ASKED_WITH.find(([scheme]) => address.startsWith(scheme)) ?? [];
  const why = right === undefined ? 'a storage of the archive does not tell' : `${right} is not permitted`;
  return `Whether the bucket keeps versions of ${what} cannot be told: ${why}.`;
}

/** What the store makes of what is deleted. @param what the objects: `what goes`, `what went`. */
function versionNotes({ afterDeletion, address }: PrunePlan, what: string): readonly string[] {
  switch (afterDeletion) {
    case 'gone':
      return [];
    case 'versions':
      return [`The bucket keeps versions of ${what}: ${LIFECYCLE}`];
    case 'locked':
      return [`The bucket locks versions: ${what} is not listed any more, and stays until its lock ends; ${LIFECYCLE}`];
    case 'unknown':
      return [unknownNote(address, what)];
    default:
      return afterDeletion satisfies never;
  }
}

/** What stays because something is missing, and what to push. */
function missingNotes({ lines, kept }: PrunePlan): string[] {
  const unknown = lines.filter(({ mayLeadHere }) => mayLeadHere.length > 0).map(({ timeline }) => timeline);
  const mendable = kept.filter(({ reason }) => reason.kind === 'mendable').map(({ backup }) => backup.name);
  return [
    ...unknown.map((timeline) => {
      const name = formatHistoryName(timeline);
      return `${name} is not in the archive, so that nobody can tell what timeline ${timeline} came of: all of the timelines before it stays. Push ${name} from pg_wal of a server on that timeline.`;
    }),
    ...mendable.map(
      (name) =>
        `${name} stays with all WAL behind it, since what is kept would begin with it if no WAL of it were missing. If pg_wal of a server still has that, push it: "walkback verify" names it.`,
    ),
  ];
}

function noteLines(plan: PrunePlan, screen: Screen): string[] {
  const notes = plan.unfinished.map(({ name, newestAt, mayBeRunning }) =>
    mayBeRunning
      ? `${name} is being taken: its WAL and what it builds on stay.`
      : `${name} has no sentinel and is left alone; nothing was added to it since ${describeMoment(timeUs(newestAt), screen)}. If nobody is taking it, delete the objects under basebackups_005/${name}/.`,
  );
  notes.push(...missingNotes(plan));
  if (plan.hasNothingToRestore) notes.push('No backup in the archive can be restored: nothing goes.');
  if (plan.totals.objects > 0) notes.push(...versionNotes(plan, 'what goes'));
  if (plan.frozen !== undefined) {
    notes.push(`The archive is frozen ${describeFreeze(plan.frozen)}. Nothing goes until "walkback unfreeze".`);
  }
  return notes.flatMap((note) => wrap(note, screen.columns));
}

/** What goes and what stays. */
export function prunePlanText(plan: PrunePlan, screen: Screen): string {
  const begin = beginOfPromise(plan);
  const from = begin === undefined ? 'all there is' : `all since ${describeMoment(timeUs(begin), screen)}`;
  const total = `${countOf(plan.totals.objects, 'object')}, ${formatBytes(plan.totals.sizeBytes)}`;
  const isNothing = plan.totals.objects === 0 && plan.leftovers.length === 0;
  return `${[
    `archive ${plan.address}`,
    zoneLine(screen),
    ...wrap(`keeps ${policyInWords(plan.policy)}: ${from}`, screen.columns),
    '',
    ...keptLines(plan, screen),
    ...goingLines(plan, screen),
    ...noteLines(plan, screen),
    isNothing ? 'Nothing goes.' : `Plan ${plan.id}: ${total} go.`,
  ].join('\n')}\n`;
}

/** What went, and what of it the store keeps: with `--yes` nobody has seen the plan. */
export function prunedText(report: PruneReport, plan: PrunePlan, screen: Screen): string {
  const { backups, segmentCount, leftovers, objects, sizeBytes } = report;
  const what = [countOf(backups.length, 'backup'), countOf(segmentCount, 'segment')].join(' and ');
  const notes = objects === 0 ? [] : versionNotes(plan, 'what went');
  return `${[
    `Pruned ${what}: ${countOf(objects, 'object')}, ${formatBytes(sizeBytes)}.`,
    ...leftovers.map((name) => `Removed what was left of ${name}.`),
    ...notes.flatMap((note) => wrap(note, screen.columns)),
  ].join('\n')}\n`;
}

/** The plan for machines. */
export function prunePlanJson(plan: PrunePlan) {
  return {
    plan: plan.id,
    createdAt: plan.createdAt,
    archive: plan.address,
    keepFull: plan.policy.keepFull ?? null,
    keepWindowSeconds: plan.policy.keepWindowMs === undefined ? null : plan.policy.keepWindowMs / 1000,
    promisedFrom: beginOfPromise(plan) ?? null,
    stays: plan.kept.map(({ backup, reason }) => ({
      name: backup.name,
      finishedAt: backup.finishedAt,
      because: reason.kind,
      of: 'of' in reason ? reason.of : 'by' in reason ? reason.by : null,
    })),
    goes: plan.going.map(({ backup, objects, sizeBytes }) => ({
      name: backup.name,
      finishedAt: backup.finishedAt,
      objects,
      sizeBytes,
    })),
    wal: plan.segments.map(({ timeline, firstName, lastName, segmentCount }) => ({
      timeline,
      first: firstName,
      last: lastName,
      segments: Number(segmentCount),
    })),
    leftovers: plan.leftovers,
    unfinished: plan.unfinished,
    objects: plan.totals.objects,
    sizeBytes: plan.totals.sizeBytes,
    afterDeletion: plan.afterDeletion,
    nothingCanBeRestored: plan.hasNothingToRestore,
    frozen: plan.frozen ?? null,
  };
}
