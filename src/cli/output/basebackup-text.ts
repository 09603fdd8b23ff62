/**
 * The plan of a copy of a running server, as text.
 *
 * @module
 */

import type { BasebackupPlan } from '../../bootstrap/plan-basebackup.ts';
import { formatBytes } from './format.ts';
import { labelled } from './plan-text.ts';
import type { Screen } from './screen.ts';

/** The plan. */
export function basebackupPlanText(plan: BasebackupPlan, screen: Screen): string {
  const { from, dataDirectory, systemIdentifier, major, timeline, position, isOfReplica, writesTo, freeBytes } = plan;
  const server = `PostgreSQL ${major}${isOfReplica ? ', a replica' : ''}, system ${systemIdentifier}`;
  return `${[
    plan.isCopied ? `Copy of ${from}, which is whole: it is put in place` : `Copy of ${from} by pg_basebackup`,
    ...labelled('server', [server], screen),
    ...labelled('from', [`${position} of timeline ${timeline}, which the new cluster goes on with`], screen),
    ...labelled('into', [dataDirectory], screen),
    ...labelled('room', [`${formatBytes(Number(freeBytes))} free`], screen),
    ...labelled('archives', [writesTo === null ? 'nowhere that was named' : `${writesTo}, which is empty`], screen),
  ].join('\n')}\n`;
}
