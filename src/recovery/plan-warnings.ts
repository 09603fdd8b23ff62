/**
 * What a recovery loses or leaves to do in *this* cluster, by name.
 *
 * @module
 */

import type { PlanFacts } from './facts.ts';
import { patroniWarnings } from './patroni-warnings.ts';
import type { PlanWarning } from './plan-value.ts';

type Found = PlanWarning | undefined;

function replicas({ live, cluster }: PlanFacts): Found {
  if (cluster.patroni !== undefined || live === undefined || live.replicas.length === 0) return undefined;
  return {
    about: 'replicas',
    text: 'These replicas follow the line that is left, and may go on serving its rows: rebuild each after the cutover.',
    names: live.replicas,
  };
}

function unloggedTables({ live }: PlanFacts): Found {
  if (live === undefined || live.unloggedTables.length === 0) return undefined;
  return { about: 'unloggedTables', text: 'Unlogged tables come back empty.', names: live.unloggedTables };
}

function logicalSlots({ live }: PlanFacts): Found {
  if (live === undefined || live.logicalSlots.length === 0) return undefined;
  return {
    about: 'logicalSlots',
    text: 'Replication slots are not in a backup: make these again, and take their consumers back too.',
    names: live.logicalSlots,
  };
}

function subscriptions({ live }: PlanFacts): Found {
  if (live === undefined || live.subscriptions.length === 0) return undefined;
  return {
    about: 'subscriptions',
    text: 'These subscriptions do not run in the rehearsal. After the cutover they go on where they had got to, and what they had applied after the target does not come again: copy their tables anew.',
    names: live.subscriptions,
  };
}

function preparedTransactions({ found }: PlanFacts): Found {
  if (found.preparedAtTarget.length === 0) return undefined;
  return {
    about: 'preparedTransactions',
    text: 'These transactions are prepared at the target, and keep their locks until COMMIT PREPARED or ROLLBACK PREPARED.',
    names: found.preparedAtTarget.map(({ gid, xid }) => gid ?? `transaction ${xid}, prepared before the backup`),
  };
}

function preparedBehind({ losses }: PlanFacts): Found {
  if (losses === undefined || losses.prepared.length === 0) return undefined;
  return {
    about: 'preparedTransactions',
    text: 'These transactions were prepared behind the target, and are lost: who coordinates them cannot commit them any more.',
    names: losses.prepared.map(({ gid, xid }) => gid ?? `transaction ${xid}`),
  };
}

function synchronous({ live, cluster }: PlanFacts): Found {
  if (cluster.patroni !== undefined || live === undefined || live.synchronousStandbyNames === '') return undefined;
  return {
    about: 'synchronous',
    text: 'Commits wait for synchronous replicas, and none can follow the new line at first: empty synchronous_standby_names until they are rebuilt.',
    names: [live.synchronousStandbyNames],
  };
}

function liveState({ cluster }: PlanFacts): Found {
  if (cluster.isReplica) {
    const text =
      'The live server is a replica: the target can be rehearsed beside it, and not cut over to. Recover on the host of its primary.';
    return { about: 'liveState', text, names: [] };
  }
  if (cluster.state === 'running') return undefined;
  const text =
    cluster.state === 'stopped'
      ? 'The live server is stopped: what it says of replicas, slots and unlogged tables could not be asked.'
      : 'The live server has ended without a clean shutdown: WAL it had not archived stays with the kept data alone.';
  return { about: 'liveState', text, names: [] };
}

function notArchived({ live, cluster, notArchived: segment }: PlanFacts): Found {
  if (live === undefined || cluster.isReplica) return undefined;
  if (live.archiveMode !== 'off') return archiverFails(live.archiverFailure) ?? archiverIsLate(segment);
  return {
    about: 'notArchived',
    text: 'The live server does not archive (archive_mode is off): what it has done since stays with the kept data alone, and the recovered server will not be protected.',
    names: [],
  };
}

function archiverFails(failure: string | undefined): Found {
  if (failure === undefined) return undefined;
  return {
    about: 'notArchived',
    text: 'The archiver of the live server fails. The target was looked for in what is archived; a cutover waits for the rest, and does not begin without it.',
    names: [failure],
  };
}

function archiverIsLate(segment: string | undefined): Found {
  if (segment === undefined) return undefined;
  return {
    about: 'notArchived',
    text: 'The archiver of the live server is behind: what is not archived yet is not among the losses. A cutover waits for it.',
    names: [segment],
  };
}

function walFolder({ cluster }: PlanFacts): Found {
  if (cluster.isWalMounted) {
    return {
      about: 'walFolder',
      text: "The live server's pg_wal is a file system mounted there. The recovered server has its WAL in the data directory; the mount moves away with the data of before. Before this machine starts anew, take the mount off that path, or it would hide the recovered server's WAL; to have WAL on another disk, make pg_wal a link.",
      names: [`${cluster.dataDirectory}/pg_wal`],
    };
  }
  if (cluster.walFolder === undefined) return undefined;
  return {
    about: 'walFolder',
    text: "The live server's pg_wal is a link. The recovered server has its WAL in the data directory, until it is stopped and that is moved; undo goes back to the link. A release leaves the folder it leads to.",
    names: [cluster.walFolder],
  };
}

function unfinished({ found }: PlanFacts): Found {
  if (found.unfinishedFileChanges.length === 0) return undefined;
  return {
    about: 'target',
    text: 'At the target, transactions that have not committed have already changed files (database or tablespace created or dropped).',
    names: found.unfinishedFileChanges.map(({ xid, change, oid }) => `transaction ${xid}: ${change} of ${oid}`),
  };
}

/** All of them, in the order they matter. */
export function planWarnings(facts: PlanFacts): PlanWarning[] {
  const all = [
    liveState(facts),
    notArchived(facts),
    replicas(facts),
    synchronous(facts),
    walFolder(facts),
    unfinished(facts),
    preparedTransactions(facts),
    preparedBehind(facts),
    unloggedTables(facts),
    logicalSlots(facts),
    subscriptions(facts),
  ];
  const ofPatroni = facts.cluster.patroni === undefined ? [] : patroniWarnings(facts.cluster.patroni);
  return [...all.filter((warning) => warning !== undefined), ...ofPatroni];
}
