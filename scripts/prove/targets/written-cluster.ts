/**
 * A live cluster with an archive, written to by a workload that keeps an oracle: what the targets are chosen from.
 *
 * @module
 */

import { join } from 'node:path';

import { runAgent } from '../../../src/archive/agent.ts';
import type { OracleCommit } from '../../../tests/support/oracle.ts';
import { startRecoverable, type Recoverable } from '../../../tests/support/recoverable.ts';
import { ARCHIVE_SCRIPT, quoted, settingText, until } from '../../../tests/support/archived-cluster.ts';
import { openWorkload } from '../../../tests/support/workload.ts';

/** A cluster to recover, and what its tables held after each commit. */
export interface WrittenCluster extends AsyncDisposable {
  readonly live: Recoverable;
  readonly commits: readonly OracleCommit[];
  /** The first commit that ended after the first backup: targets begin behind it. */
  readonly firstReachable: number;
}

const SESSIONS = 4;
/** Commits before, during and after the second backup. */
const STRETCH = 40;

async function untilArchived(live: Recoverable): Promise<void> {
  const [row] = await live.server.sql<{ segment: string }>('SELECT pg_walfile_name(pg_switch_wal()) AS segment');
  await until('the last segment is archived', async () => {
    const [last] = await live.server.sql<{ done: boolean }>(
      `SELECT last_archived_wal >= '${row?.segment}' AS done FROM pg_stat_archiver`,
    );
    return last?.done === true;
  });
}

/** What else is done to the cluster. */
export interface MoreWork {
  /** Called after each commit, while no other transaction of the workload can commit. */
  readonly onCommit?: (commits: readonly OracleCommit[], live: Recoverable) => Promise<void>;
  /** Called when the workload is done. */
  readonly onEnd?: (live: Recoverable) => Promise<void>;
}

/**
 * Starts a server whose WAL goes out through the agent and its spool, takes a backup, and writes; a second backup is
 * taken while the workload goes on.
 */
export async function writeCluster(major: number, seed: number, more: MoreWork = {}): Promise<WrittenCluster> {
  // The spool's place must be known before the server has a folder: it is beside the data directory.
  const command = `sh ${quoted(ARCHIVE_SCRIPT)} ../spool "%p"`;
  const ending = new AbortController();
  const agents: Promise<void>[] = [];
  const live = await startRecoverable({
    major,
    settings: { track_commit_timestamp: 'on', archive_command: settingText(command) },
    whenStarted: ({ server, store }) => {
      const spool = join(server.root, 'spool');
      const agent = runAgent({ store, dataDirectory: server.dataDirectory, spool, signal: ending.signal });
      agent.catch(() => {});
      agents.push(agent);
    },
  });
  const workload = await openWorkload({
    seed,
    sessions: SESSIONS,
    connect: () => live.server.connect(),
    onCommit: async (commits) => more.onCommit?.(commits, live),
  });
  await workload.run(STRETCH);
  await Promise.all([live.backUp(), workload.run(STRETCH)]);
  await workload.run(STRETCH);
  await workload.close();
  await more.onEnd?.(live);
  await untilArchived(live);
  return {
    live,
    commits: workload.commits,
    firstReachable: 2,
    [Symbol.asyncDispose]: async () => {
      ending.abort();
      await Promise.allSettled(agents);
      await live[Symbol.asyncDispose]();
    },
  };
}
