/**
 * What is done beside PostgreSQL, and what has to be proven before anything is started.
 *
 * @module
 */

import type { ContainerPlan, ContainerPrecondition, PlannedAgent, PlannedClone, PlannedJob } from './container-plan.ts';

/** Work that comes again. `watched`: certificates that are looked at. */
export function plannedJobs(
  agent: PlannedAgent | undefined,
  watched: readonly string[] | undefined,
): readonly PlannedJob[] {
  return [
    ...(agent === undefined
      ? []
      : [
          {
            name: 'backup',
            by: 'agent',
            when: `${agent.backupSchedule} UTC${agent.isFromReplica ? ', on a replica, or on the leader where none begins it' : ''}, and at once where there is none`,
          } as const,
          {
            name: 'prune',
            by: 'agent',
            when: `daily: ${agent.keepFull} full backups and ${agent.keepDays} days stay`,
          } as const,
        ]),
    ...(watched === undefined
      ? []
      : [{ name: 'reload certificates', by: 'supervisor', when: 'every 5 min', files: watched } as const]),
  ];
}

function reachable(clone: PlannedClone, ownAddress: string | undefined): string {
  if (clone.kind === 'archive')
    return `${clone.addresses.join(', or ')} can be read, and its newest backup is of this major or an older one`;
  const { PGHOST, PGPORT, PGUSER } = clone.environment.variables;
  const empty = ownAddress === undefined ? '' : `, and ${ownAddress} holds no WAL`;
  return `the server at ${String(PGHOST)}:${String(PGPORT)} lets ${String(PGUSER)} replicate and is of this major${empty}`;
}

/** What the run proves first. */
export function plannedPreconditions(
  plan: Pick<ContainerPlan, 'archive' | 'clone' | 'hasData'>,
): readonly ContainerPrecondition[] {
  const { archive, clone, hasData } = plan;
  return [
    ...(archive === undefined
      ? []
      : [
          {
            kind: 'archiveIsOurs',
            says: `${archive.address} is empty, or holds the backups and WAL of this very cluster`,
          } as const,
        ]),
    ...(clone === undefined || hasData
      ? []
      : [{ kind: 'cloneIsReachable', says: reachable(clone, archive?.address) } as const]),
  ];
}
