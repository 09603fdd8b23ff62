/**
 * The proof of a *clone*, from its own server: the planned system, recovered to the target by what its history says, open, and
 * archiving to the new location.
 *
 * @module
 */

import { Failure } from '../../../base/failure.ts';
import { queryText, type Connection } from '../../../instance/connection.ts';
import { writtenTimeline } from '../../../instance/written-timeline.ts';
import { formatLsn } from '../../../postgres/lsn.ts';
import { formatHistoryName, parseTimelineHistory, type TimelineHistory } from '../../../postgres/timeline-history.ts';
import { archiveTailThrough } from '../../../recovery/archive-tail.ts';
import type { StepFacts } from '../../../recovery/journal.ts';
import { inArchive } from '../archive-of.ts';
import type { SwapContext } from '../context.ts';
import { firstPod } from '../open-steps.ts';
import { connectPatiently, podServer } from '../pod-server.ts';
import { whyLogDiffers, whyNotTarget } from './clone-proof.ts';
import { cloneOf } from './template-steps.ts';

/** Lines of the server's own log that speak of the recovery. `$1`: PGDATA. An image that keeps none there says nothing. */
const LOG = `
for D in "$PGLOG" "$1/../pg_log" "$1/log"; do
  [ -n "$D" ] && [ -d "$D" ] || continue
  cat "$D"/*.csv 2>/dev/null | grep -a -E 'starting point-in-time recovery to|recovery ended before configured' | tail -n 20
  break
done
exit 0
`;

function wrong(context: SwapContext, found: string): Failure {
  const { id } = context.plan.recovery;
  return new Failure('failed', {
    message: `cannot call recovery ${id} done: ${firstPod(context)} answers, but ${found}`,
    remedy: `No other member is started. Look at its log. To go back:  walkback undo ${id}`,
  });
}

async function historyOf(connection: Connection): Promise<TimelineHistory> {
  const timeline = await writtenTimeline(connection);
  if (timeline === 1) return { timeline, ancestors: [] };
  const text = await queryText(connection, `select pg_read_file('pg_wal/${formatHistoryName(timeline)}')`);
  return parseTimelineHistory(timeline, text);
}

async function ownLog({ uses, plan }: SwapContext, pod: string): Promise<string> {
  const { live } = plan.swap;
  const outcome = await uses.api.exec(pod, live.container, ['sh', '-c', LOG, 'sh', live.dataDirectory]);
  return outcome.stdout;
}

async function archives(context: SwapContext, connection: Connection): Promise<string> {
  const tail = await inArchive(context, 'after', async ({ uses }) =>
    archiveTailThrough(connection, uses.store, uses.archiveTimeoutMs),
  );
  if (tail.outcome === 'archived') return tail.lastSegment;
  throw wrong(
    context,
    tail.outcome === 'late'
      ? `${tail.lastSegment} has not reached ${cloneOf(context).archive.to} (${tail.facts.join('; ')})`
      : 'it archives nothing',
  );
}

/** @throws {Failure} `failed` if it is not the target, or does not archive. */
export async function proveTarget(context: SwapContext): Promise<StepFacts> {
  const { preconditions, target } = context.plan.recovery;
  const clone = cloneOf(context);
  const pod = firstPod(context);
  await using connection = await connectPatiently(podServer(context), pod, context.uses.signal);
  if ((await queryText(connection, 'select pg_is_in_recovery()')) === 't') throw wrong(context, 'it is in recovery');
  const system = await queryText(connection, 'select system_identifier::text from pg_control_system()');
  if (system !== preconditions.systemIdentifier)
    throw wrong(context, `it is system ${system}, and not ${preconditions.systemIdentifier}`);
  const history = await historyOf(connection);
  const why = whyNotTarget(history, clone, target) ?? whyLogDiffers(await ownLog(context, pod), clone);
  if (why !== undefined) throw wrong(context, why);
  const last = history.ancestors.at(-1);
  return {
    timeline: history.timeline,
    reason: last?.reason ?? '',
    switchLsn: last === undefined ? '' : formatLsn(last.switchLsn),
    archived: await archives(context, connection),
  };
}
