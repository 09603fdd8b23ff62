/**
 * A cluster that Patroni runs, on screens of plans and recoveries.
 *
 * @module
 */

import type { PatroniSurvey, SurveyedMember } from '../../cluster/patroni-control.ts';
import type { Plan } from '../../recovery/plan-value.ts';
import { formatBytes, formatDuration } from './format.ts';

/** A cautious rate, for estimates only. */
const COPY_BYTES_PER_SECOND = 50_000_000;

function modes(survey: PatroniSurvey): string {
  const words = [
    survey.version === null ? 'Patroni' : `Patroni ${survey.version}`,
    survey.leader === null ? 'NOBODY LEADS' : `leader ${survey.leader}`,
    ...(survey.synchronousMode === 'off' ? [] : [`synchronous mode ${survey.synchronousMode}`]),
    ...(survey.isFailsafe ? ['failsafe mode'] : []),
    ...(survey.isPaused ? ['PAUSED, and left so'] : []),
    ...(survey.permanentSlots.length === 0 ? [] : [`slots ${survey.permanentSlots.join(', ')}`]),
  ];
  return words.join(' · ');
}

function lagOf({ lagBytes }: SurveyedMember): string {
  return lagBytes === null ? '' : `${formatBytes(BigInt(lagBytes))} behind`;
}

/** `member2  replica  streaming  timeline 1  0 bytes behind`, in columns. */
function memberLines({ members }: PatroniSurvey): string[] {
  const rows = members.map((member) => [
    member.name,
    member.role,
    member.isReachable ? member.state : 'DOES NOT ANSWER',
    member.timeline === null ? '' : `timeline ${member.timeline}`,
    lagOf(member),
    member.tags.join(', '),
  ]);
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  return rows.map((row) =>
    row
      .map((text, column) => text.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

/** The members of a plan, and what stays as it is. */
export function patroniLines({ patroni }: Plan): string[] {
  if (patroni === undefined) return [];
  const { parameters } = patroni;
  const kept = parameters.length === 0 ? '' : ` (${parameters.join(', ')})`;
  return [modes(patroni), ...memberLines(patroni), `initialize and the dynamic configuration stay as they are${kept}`];
}

/** What restarts, and for how long. */
export function restartLines({ patroni, backup, estimate }: Plan): string[] {
  if (patroni === undefined) return [];
  const replicas = patroni.members.filter(({ name, isReachable }) => name !== patroni.memberName && isReachable);
  const copyMs = Math.max(1, Math.ceil(Number(backup.uncompressedBytes) / COPY_BYTES_PER_SECOND)) * 1000;
  return [
    `${patroni.memberName}: PostgreSQL and Patroni, about ${estimate.downSeconds} s`,
    ...replicas.map(
      ({ name }) =>
        `${name}: then, made to follow; copied anew (about ${formatDuration(copyMs).replace('.0 s', ' s')}) unless Patroni can rewind it`,
    ),
  ];
}
