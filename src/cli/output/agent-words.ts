/**
 * What the agent did, in one line each.
 *
 * @module
 */

import type { BackupReason } from '../../agent/backup-due.ts';
import type { DutyEvent } from '../../agent/duty-event.ts';
import { describeAgent } from '../../agent/lease-term.ts';
import { GRACE_MS } from '../../agent/scheduled-elsewhere.ts';
import type { AgentEvent } from '../../archive/agent-event.ts';
import { describeFreeze } from '../../backup/freeze-note.ts';
import { countOf, formatBytes, formatDuration } from './format.ts';

/** A line, and whether somebody should look. */
export interface AgentLine {
  readonly text: string;
  readonly isWarning: boolean;
}

const note = (text: string): AgentLine => ({ text, isWarning: false });
const warning = (text: string): AgentLine => ({ text, isWarning: true });

/** Of pushing and fetching; `undefined` for what is in the record only. Of failed pushes: `push-failure-words.ts`. */
export function agentLine(event: Exclude<AgentEvent, { readonly kind: 'pushFailed' }>): AgentLine | undefined {
  switch (event.kind) {
    case 'serving':
      return note(`serving system ${event.systemIdentifier}, timeline ${event.timeline}, through ${event.spool}`);
    case 'waitingForServer':
      return note(`waiting for a server: ${event.message}`);
    case 'stumbled':
      return warning(`serving stopped, and begins anew: ${event.message}`);
    case 'pushed':
      return note(`pushed ${event.fileName} (${event.storedBytes} bytes as ${event.key})`);
    case 'noLongerReady':
      return undefined;
    case 'fetched':
      return note(`fetched ${event.fileName} ahead`);
    case 'answered':
      return note(`answered ${event.fileName}: ${event.message}`);
    default:
      return event satisfies never;
  }
}

function because(reason: BackupReason): string {
  switch (reason.kind) {
    case 'none':
      return 'there is none';
    case 'schedule':
      return `it was due at ${new Date(reason.scheduledMs).toISOString()}`;
    case 'walVolume':
      return `${formatBytes(reason.walBytes)} of WAL were written since the last one`;
    case 'lostWal':
      return `${reason.firstMissing} is lost behind the last one`;
    default:
      return reason satisfies never;
  }
}

function elsewhere({ state, name, scheduledMs }: Extract<DutyEvent, { kind: 'backupElsewhere' }>): string {
  const due = `a backup was due at ${new Date(scheduledMs).toISOString()}`;
  switch (state) {
    case 'expected':
      return `${due}; another program took the last one, ${name}, and has ${formatDuration(GRACE_MS)} to begin this one`;
    case 'running':
      return `${due}, and another program takes it: ${name}`;
    case 'taken':
      return `${due}, and another program has taken it: ${name}`;
    default:
      return state satisfies never;
  }
}

/** Of the other duties; `undefined` for what is in the metrics only. */
export function dutyLine(event: DutyEvent): AgentLine | undefined {
  switch (event.kind) {
    case 'leaseHeld':
      return note('this agent takes backups, heals and prunes');
    case 'leaseElsewhere':
      return warning(`${describeAgent(event.holder)} takes backups, heals and prunes; this one pushes and fetches`);
    case 'agentWaits':
      return warning(`${describeAgent(event.agent)} serves the same archive, and waits`);
    case 'notPrimary':
      return note('the server is not a running primary: WAL is pushed and fetched, nothing is healed or pruned');
    case 'backupBegun':
      return note(`backup begun: ${because(event.reason)}`);
    case 'backupTaken':
      return note(`backup ${event.name}: ${formatBytes(event.storedBytes)} in ${formatDuration(event.durationMs)}`);
    case 'backupElsewhere':
      return note(elsewhere(event));
    case 'backupLeft':
      return note(
        `a backup is due (${because(event.reason)}); until ${new Date(event.untilMs).toISOString()} a replica may begin it`,
      );
    case 'backupOfReplica':
      return note(
        `backup ${event.name}, of a replica: ${formatBytes(event.storedBytes)} in ${formatDuration(event.durationMs)}`,
      );
    case 'noReplicaTook':
      return warning(`no replica has taken the backup in ${formatDuration(event.waitedMs)}: the leader takes it`);
    case 'nextBackup':
      return note(
        event.atMs === undefined ? 'no backup is scheduled' : `next backup at ${new Date(event.atMs).toISOString()}`,
      );
    case 'pruned':
      return note(`pruned ${countOf(event.backupCount, 'backup')}, ${countOf(event.segmentCount, 'WAL segment')}`);
    case 'frozen':
      return note(`not pruned: the archive is frozen, ${describeFreeze(event.note)}`);
    case 'healed':
      return warning(`healed: ${event.fileName} was missing in the archive, and is pushed again as ${event.key}`);
    case 'lost':
      return warning(
        `lost: ${countOf(event.segmentCount, 'file')} of WAL from ${event.firstMissing} on, missing in the archive and in pg_wal`,
      );
    case 'windowBroken':
      return warning(
        `${countOf(event.missingCount, 'file')} of WAL are missing behind ${event.backupName} in the archive and in pg_wal, from ${event.firstMissing ?? 'its begin'} on: walkback window tells what can be reached`,
      );
    case 'newestBackup':
    case 'windowChecked':
    case 'chainChecked':
    case 'otherAgents':
      return undefined;
    case 'dutyRecovered':
      return note(`${event.duty}: well again`);
    case 'dutyFailed':
      return warning(`${event.duty}: ${event.message}`);
    default:
      return event satisfies never;
  }
}
