/**
 * `walkback attach`: watches a command again that an agent runs, from its beginning.
 *
 * @module
 */

import { agentOfMember } from '../../app/leader-agent.ts';
import { openRemoteAgents } from '../../app/open-remote-agents.ts';
import type { RemoteAgent, RemoteJob } from '../../app/remote-agent.ts';
import { Failure, isFailure } from '../../base/failure.ts';
import { defineCommand } from '../command.ts';
import { followJob } from '../relay/follow-job.ts';
import { standardStreams } from '../streams.ts';

interface Found {
  readonly agent: RemoteAgent;
  readonly job: RemoteJob;
}

/** All jobs that can be watched, newest first. Agents that do not answer have none, as long as one does. */
async function findJobs(agents: readonly RemoteAgent[], signal: AbortSignal): Promise<Found[]> {
  const failures: unknown[] = [];
  const found = await Promise.all(
    agents.map(async (agent) => {
      try {
        return (await agent.jobs(signal)).filter(({ isChanging }) => isChanging).map((job) => ({ agent, job }));
      } catch (error) {
        if (!isFailure(error, 'unavailable')) throw error;
        failures.push(error);
        return [];
      }
    }),
  );
  if (failures.length === agents.length) throw failures[0];
  return found.flat().toSorted((a, b) => b.job.startedAtMs - a.job.startedAtMs);
}

function jobLine({ job }: Found): string {
  const state = job.isRunning ? 'runs' : 'has ended';
  return `${job.id}  ${new Date(job.startedAtMs).toISOString()}  ${job.shown}  (${job.by}; ${state})`;
}

function choose(found: readonly Found[], id: string | undefined): Found {
  const running = found.filter(({ job }) => job.isRunning);
  const latest = running.length > 0 ? running : found.slice(0, 1);
  const chosen = id === undefined ? latest : found.filter(({ job }) => job.id.startsWith(id));
  const [one, second] = chosen;
  if (one !== undefined && second === undefined) return one;
  const count = one === undefined ? 'none' : 'more than one';
  throw new Failure('usage', {
    message: `cannot tell what to watch: ${count} ${id === undefined ? 'runs for a caller' : `has the id ${id}`}`,
    remedy: found.length === 0 ? 'Agents keep those that run, and the last few.' : 'Give the id of one of these.',
    facts: found.map(jobLine),
  });
}

/** The command. */
export const attach = defineCommand({
  path: ['attach'],
  summary: 'Watch a command again that an agent runs for a caller (see --via), from its beginning',
  description:
    'For commands that change something: they go on when their caller is gone. Ends with the exit code of that command.',
  settings: ['control'],
  operands: {
    id: {
      placeholder: 'ID',
      summary: 'the job, or how it begins; the one that runs, or the last one',
      isOptional: true,
    },
  },
  examples: [{ line: 'walkback attach --via https://db1.example.net:9633', does: 'the one that runs' }],
  run: async ({ id }, session) => {
    const { settings } = session;
    const member = settings.get('viaMember');
    const urls =
      member === undefined ? settings.require('via', 'watch a command') : [(await agentOfMember(settings, member)).url];
    const agents = await openRemoteAgents(settings, urls);
    const { agent, job } = choose(await findJobs(agents, session.signal), id);
    const exitCode = await followJob({ agent, id: job.id, isChanging: true }, { session, streams: standardStreams() });
    return { text: () => '', json: undefined, isWritten: true, exitCode };
  },
});
