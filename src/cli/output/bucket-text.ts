/**
 * The screens of `walkback bucket provision`, and the same as JSON.
 *
 * @module
 */

import { changeName, type ChangeState, type PlannedChange } from '../../bucket/bucket-change.ts';
import type { ProvisionPlan } from '../../bucket/plan-provision.ts';
import type { ProvisionReport } from '../../bucket/run-provision.ts';
import { namesIn, type SecretData } from '../../bucket/secret-content.ts';
import type { Screen } from './screen.ts';
import { wrap } from './wrap.ts';

const WORDS: Readonly<Record<ChangeState, string>> = {
  due: 'to do',
  done: 'is so',
  unsupported: 'not here',
  hidden: 'unknown',
};
const WIDTH = Math.max(...Object.values(WORDS).map((word) => word.length));

/** A change that is hidden says why. */
function changeLine({ state, summary, permission }: PlannedChange): string {
  const why = state === 'hidden' ? ` (${permission} is denied)` : '';
  return `  ${WORDS[state].padEnd(WIDTH)}  ${summary}${why}`;
}

/** What is there and what will be done. */
export function bucketPlanText(plan: ProvisionPlan, screen: Screen): string {
  const due = plan.changes.filter(({ state }) => state === 'due').length;
  const hidden = plan.changes.filter(({ state }) => state === 'hidden').length;
  const secrets = plan.planned.map(({ where, exists, keys }) =>
    exists ? `${where} holds ${keys.join(', ')}` : `${where} is not there yet`,
  );
  const end =
    due + hidden === 0
      ? 'Nothing to do.'
      : `${due} to do${hidden === 0 ? '' : `, and ${hidden} that may not be looked at`}. No bucket, object or account is ever deleted.`;
  return `${[
    `archive ${plan.address}`,
    ...secrets,
    '',
    ...plan.changes.map(changeLine),
    '',
    ...plan.notes.flatMap((note) => wrap(note, screen.columns)),
    end,
  ].join('\n')}\n`;
}

function secretLines(data: SecretData, isShown: boolean): string[] {
  return namesIn(data).map((name) => `    ${name}${isShown ? `: ${data[name] ?? ''}` : ''}`);
}

/** What was done. @param shown the Secrets by where they are; their values only if that was asked for. */
export function bucketReportText(
  plan: ProvisionPlan,
  report: ProvisionReport,
  { secrets, isShown }: { readonly secrets: ReadonlyMap<string, SecretData>; readonly isShown: boolean },
  screen: Screen,
): string {
  const done = plan.changes.filter(({ change }) => report.done.includes(changeName(change)));
  const summary =
    done.length === 0
      ? `${plan.address} was ready: nothing was changed.`
      : `${plan.address} is ready:\n${done.map(({ summary: line }) => `  ${line}`).join('\n')}`;
  return `${[
    summary,
    ...[...secrets].flatMap(([where, data]) => [`${where} holds`, ...secretLines(data, isShown)]),
    `Read with the credentials of ${report.proven.join(' and ')}.`,
    ...plan.notes.flatMap((note) => wrap(note, screen.columns)),
  ].join('\n')}\n`;
}

/** The plan for machines: it holds no secret. */
export function bucketPlanJson(plan: ProvisionPlan) {
  return {
    archive: plan.address,
    bucket: plan.bucket,
    secrets: plan.planned,
    changes: plan.changes.map(({ change, ...known }) => ({ name: changeName(change), ...change, ...known })),
    notes: plan.notes,
  };
}
