/**
 * What an agent has done since it started, and how things stand: gathered from its events, for metrics and health.
 *
 * @module
 */

import type { AgentEvent } from '../archive/agent-event.ts';
import type { CheckedWindow, Duty, DutyEvent, HeldElsewhere, NewestBackup } from './duty-event.ts';

/** Why something fails, and since when. */
export interface Trouble {
  readonly message: string;
  readonly sinceMs: number;
}

/** The newest backup of the archive, or one that this agent took where another looks after the archive. */
export interface RecordedBackup {
  readonly atMs: number;
  readonly storedBytes: number;
  readonly durationMs: number;
}

/** What the archive had when it was last listed. */
export interface ListedNewest {
  readonly backup: NewestBackup | undefined;
  /** Since when it has been this one, or none, as far as is known. */
  readonly sinceMs: number;
}

/** The record. Times are milliseconds since the Unix epoch. */
export class AgentRecord {
  readonly startedAtMs: number = Date.now();
  serving: { readonly systemIdentifier: bigint; readonly timeline: number } | undefined;
  pushedFiles = 0;
  pushedBytes = 0;
  pushFailures = 0;
  lastPushedMs: number | undefined;
  /** Files that are ready and whose last push failed. */
  readonly pushTroubles = new Map<string, Trouble>();
  fetchedFiles = 0;
  /** How often each exit code was answered to a `restore_command`. */
  readonly answers = new Map<number, number>();
  indexesStored = 0;
  standing: 'held' | 'elsewhere' | 'notPrimary' | undefined;
  /** Who has the archive though the server of this agent was promoted since, as far as is known; and since when. */
  leftBehind: (HeldElsewhere & { readonly sinceMs: number }) | undefined;
  otherAgents = 0;
  chain: { readonly atMs: number; readonly segmentCount: number; readonly missingCount: number } | undefined;
  window: (CheckedWindow & { readonly atMs: number }) | undefined;
  healedFiles = 0;
  lostFiles = 0;
  backupsTaken = 0;
  lastBackup: RecordedBackup | undefined;
  newest: ListedNewest | undefined;
  backupRunningSinceMs: number | undefined;
  nextBackupMs: number | undefined;
  prunings = 0;
  prunedBackups = 0;
  prunedSegments = 0;
  lastPrunedMs: number | undefined;
  isFrozen = false;
  readonly dutyFailures = new Map<Duty, number>();
  readonly dutyTroubles = new Map<Duty, Trouble>();

  /** Of pushing and fetching. */
  takeAgentEvent(event: AgentEvent): void {
    switch (event.kind) {
      case 'serving':
        this.serving = event;
        // Another life of the data directory: what of it cannot be pushed either is told again.
        this.pushTroubles.clear();
        break;
      case 'waitingForServer':
      case 'stumbled':
        this.serving = undefined;
        break;
      case 'pushed':
        this.pushedFiles += 1;
        this.pushedBytes += event.storedBytes;
        this.lastPushedMs = Date.now();
        this.pushTroubles.delete(event.fileName);
        break;
      case 'pushFailed':
        this.pushFailures += 1;
        noteTrouble(this.pushTroubles, event.fileName, event.message);
        break;
      case 'noLongerReady':
        this.pushTroubles.delete(event.fileName);
        break;
      case 'fetched':
        this.fetchedFiles += 1;
        break;
      case 'answered':
        this.answers.set(event.code, (this.answers.get(event.code) ?? 0) + 1);
        break;
      default:
        event satisfies never;
    }
  }

  /** Of the other duties. */
  takeDutyEvent(event: DutyEvent): void {
    switch (event.kind) {
      case 'leaseHeld':
        this.standing = 'held';
        this.leftBehind = undefined;
        break;
      case 'leaseElsewhere':
        this.#leaveArchive('elsewhere');
        // One of the same timeline serves the same primary. What is not said may be as bad as it can be.
        this.leftBehind =
          (event.holderTimeline ?? 1) < event.timeline
            ? { ...event, sinceMs: this.leftBehind?.sinceMs ?? Date.now() }
            : undefined;
        break;
      case 'notPrimary':
        this.#leaveArchive('notPrimary');
        this.leftBehind = undefined;
        break;
      case 'otherAgents':
        this.otherAgents = event.count;
        break;
      case 'dutyFailed':
        this.dutyFailures.set(event.duty, (this.dutyFailures.get(event.duty) ?? 0) + 1);
        noteTrouble(this.dutyTroubles, event.duty, event.message);
        if (event.duty === 'backup') this.backupRunningSinceMs = undefined;
        break;
      case 'dutyRecovered':
        this.dutyTroubles.delete(event.duty);
        break;
      case 'agentWaits':
      case 'backupElsewhere':
      case 'backupLeft':
      case 'noReplicaTook':
      case 'windowBroken':
        break;
      default:
        this.#takeWork(event);
    }
  }

  /** What is said of the archive is for who looks after it to say. */
  #leaveArchive(standing: 'elsewhere' | 'notPrimary'): void {
    this.standing = standing;
    this.newest = undefined;
    this.window = undefined;
    this.chain = undefined;
    this.nextBackupMs = undefined;
    this.isFrozen = false;
  }

  #takeNewest(backup: NewestBackup | undefined): void {
    const { newest: before } = this;
    const isSame = before !== undefined && before.backup?.name === backup?.name;
    this.newest = { backup, sinceMs: isSame ? before.sinceMs : Date.now() };
    this.lastBackup = backup && {
      atMs: backup.finishedMs,
      storedBytes: backup.storedBytes,
      durationMs: backup.finishedMs - backup.startedMs,
    };
  }

  #takeWork(event: WorkEvent): void {
    const nowMs = Date.now();
    switch (event.kind) {
      case 'chainChecked':
        this.chain = { atMs: nowMs, segmentCount: event.segmentCount, missingCount: event.missingCount };
        break;
      case 'windowChecked':
        this.window = { ...event, atMs: nowMs };
        break;
      case 'healed':
        this.healedFiles += 1;
        break;
      case 'lost':
        this.lostFiles += event.segmentCount;
        break;
      case 'backupBegun':
        this.backupRunningSinceMs = nowMs;
        break;
      case 'backupTaken':
        this.backupRunningSinceMs = undefined;
        this.backupsTaken += 1;
        this.lastBackup = { atMs: nowMs, storedBytes: event.storedBytes, durationMs: event.durationMs };
        break;
      case 'backupOfReplica':
        this.lastBackup = { atMs: event.finishedMs, storedBytes: event.storedBytes, durationMs: event.durationMs };
        break;
      case 'newestBackup':
        this.#takeNewest(event.newest);
        break;
      case 'nextBackup':
        this.nextBackupMs = event.atMs;
        break;
      case 'frozen':
        this.isFrozen = true;
        break;
      case 'pruned':
        this.isFrozen = false;
        this.prunings += 1;
        this.prunedBackups += event.backupCount;
        this.prunedSegments += event.segmentCount;
        this.lastPrunedMs = nowMs;
        break;
      default:
        event satisfies never;
    }
  }
}

type StandingKind =
  | 'leaseHeld'
  | 'leaseElsewhere'
  | 'notPrimary'
  | 'otherAgents'
  | 'dutyFailed'
  | 'dutyRecovered'
  | 'agentWaits'
  | 'backupElsewhere'
  | 'backupLeft'
  | 'noReplicaTook'
  | 'windowBroken';
type WorkEvent = Exclude<DutyEvent, { readonly kind: StandingKind }>;

function noteTrouble<K>(troubles: Map<K, Trouble>, key: K, message: string): void {
  troubles.set(key, { message, sinceMs: troubles.get(key)?.sinceMs ?? Date.now() });
}
