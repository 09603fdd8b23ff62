/**
 * Judges how well a cluster is protected: one finding for each thing to know, with the first thing to do.
 *
 * @module
 */

import type { Archiver, Protection } from '../../app/read-protection.ts';
import type { ArchiveWindows } from '../../app/read-archive-windows.ts';
import { describeFreeze } from '../../backup/freeze-note.ts';
import { isFailure, type Failure } from '../../base/failure.ts';
import type { RecoveryState } from '../../recovery/states.ts';
import { countOf, formatAgo, formatBytes, formatDuration, shortTime } from './format.ts';
import type { Screen } from './screen.ts';
import { wholeReach } from './timeline-bar.ts';

/** `look`: in working hours. `act`: now, a commit may be lost or is already out of reach. */
export type Level = 'ok' | 'look' | 'act';

/** One thing to know. */
export interface Finding {
  readonly topic: 'server' | 'archiver' | 'reach' | 'backup' | 'holes' | 'agent' | 'disk' | 'recovery' | 'frozen';
  readonly level: Level;
  readonly text: string;
  /** What to do about it; always there unless it is `ok`. */
  readonly remedy?: string;
}

const LOOK_WAITING_MS = 5 * 60_000;
const ACT_WAITING_MS = 60 * 60_000;
const LOOK_WAITING_FILES = 16;
const AGENT_SILENT_MS = 10_000;
const LEAST_FREE_BYTES = 1024n ** 3n;

const msSince = (timeUs: bigint, screen: Screen): number => Number(screen.nowUs() - timeUs) / 1000;

function unreachable(topic: Finding['topic'], level: Level, failure: Failure): Finding {
  return { topic, level, text: failure.message, remedy: failure.remedy };
}

/** What the data directory says, where one is set: nothing when all is well. */
function serverFindings({ live, recoveries }: Protection): readonly Finding[] {
  if (live === undefined) return [];
  if (isFailure(live)) return [unreachable('server', 'act', live)];
  const problems = live.problems.map(({ message, remedy }): Finding => ({
    topic: 'server',
    level: 'look',
    text: `a recovery would be refused: ${message}`,
    remedy,
  }));
  if (live.state === 'running') return problems;
  const isSwapping = (recoveries === undefined || isFailure(recoveries) ? [] : recoveries).some(
    ({ state }) => state === 'cuttingOver' || state === 'undoing',
  );
  // Started by hand, it would run on data that is about to be moved: what to do is said of the recovery.
  if (isSwapping) return [{ topic: 'server', level: 'act', text: 'it does not run: a recovery is half done' }];
  const isStopped = live.state === 'stopped';
  const text = isStopped ? 'it is stopped' : 'it does not run, and has not been shut down cleanly';
  const remedy = isStopped ? 'Start it, if it should run.' : 'Start it; its log says what ended it.';
  return [{ topic: 'server', level: isStopped ? 'look' : 'act', text, remedy }, ...problems];
}

function archiverFinding(found: Protection, screen: Screen): Finding {
  const { archiver, waiting, live } = found;
  if (isFailure(archiver)) {
    const isDown = live !== undefined && !isFailure(live) && live.state !== 'running';
    // What to do about that is said of the server.
    if (isDown) return { topic: 'archiver', level: 'look', text: 'not known: the server does not run' };
    return unreachable('archiver', 'look', archiver);
  }
  if (archiver.archiveMode === 'off' && !archiver.isInRecovery) {
    const remedy = 'Set archive_mode = on and archive_command, and restart the server.';
    return { topic: 'archiver', level: 'act', text: 'archive_mode is off: no WAL is archived', remedy };
  }
  if (isFailing(archiver)) {
    const since = archiver.lastFailedUs === undefined ? '' : `, ${formatAgo(archiver.lastFailedUs, screen.nowUs())}`;
    return {
      topic: 'archiver',
      level: 'act',
      text: `archiving fails: ${archiver.lastFailedFile ?? 'a file'}${since}`,
      remedy: "Read the server's log: what archive_command says stands there.",
    };
  }
  const last =
    archiver.lastArchivedUs === undefined
      ? 'no push known yet'
      : `last ${formatAgo(archiver.lastArchivedUs, screen.nowUs())}`;
  if (waiting === undefined || waiting.oldestUs === undefined) {
    return { topic: 'archiver', level: 'ok', text: waiting === undefined ? last : `nothing waits, ${last}` };
  }
  const waitedMs = msSince(waiting.oldestUs, screen);
  const isLong = waitedMs > LOOK_WAITING_MS || waiting.count > LOOK_WAITING_FILES;
  const level: Level = waitedMs > ACT_WAITING_MS ? 'act' : isLong ? 'look' : 'ok';
  const text = `${countOf(waiting.count, 'file')} behind, ${formatDuration(waitedMs)}; ${last}`;
  return level === 'ok'
    ? { topic: 'archiver', level, text }
    : { topic: 'archiver', level, text, remedy: 'Archive faster: walkback agent, or a higher upload-concurrency.' };
}

function isFailing({ lastFailedUs, lastArchivedUs }: Archiver): boolean {
  return lastFailedUs !== undefined && (lastArchivedUs === undefined || lastFailedUs > lastArchivedUs);
}

/** False if the server is known to be another one than the archive's. */
export function isArchiveOf(archive: ArchiveWindows, live: Protection['live']): boolean {
  return live === undefined || isFailure(live) || live.systemIdentifier === archive.systemIdentifier;
}

function reachFinding(archive: ArchiveWindows, live: Protection['live'], screen: Screen): Finding {
  if (live !== undefined && !isFailure(live) && !isArchiveOf(archive, live)) {
    return {
      topic: 'reach',
      level: 'act',
      text: `the archive is of system ${archive.systemIdentifier}, and the server is system ${live.systemIdentifier}`,
      remedy: 'Name the archive of this server: --archive, or WALKBACK_ARCHIVE.',
    };
  }
  const reach = wholeReach(archive.timelines);
  if (reach === undefined) {
    return { topic: 'reach', level: 'act', text: 'nothing can be reached', remedy: 'walkback backup take' };
  }
  const { fromUs, toUs } = reach;
  const text = `${shortTime(fromUs, screen)} to ${shortTime(toUs, screen)}, ${formatAgo(toUs, screen.nowUs())}`;
  return { topic: 'reach', level: 'ok', text };
}

function backupFinding(archive: ArchiveWindows, dueMs: number, screen: Screen): Finding {
  const last = archive.backups.toSorted((a, b) => a.finishedAt.getTime() - b.finishedAt.getTime()).at(-1);
  if (last === undefined) {
    return { topic: 'backup', level: 'act', text: 'there is none', remedy: 'walkback backup take' };
  }
  const finishedUs = BigInt(last.finishedAt.getTime()) * 1000n;
  const kind = last.deltaFrom === undefined ? 'full' : 'delta';
  const text = `${last.name}, ${kind}, ${formatBytes(last.compressedSizeBytes)}, ${formatAgo(finishedUs, screen.nowUs())}`;
  const [broken] = archive.broken;
  if (broken !== undefined) {
    return {
      topic: 'backup',
      level: 'look',
      text: `${broken.name} is damaged; last ${text}`,
      remedy: broken.failure.remedy,
    };
  }
  if (msSince(finishedUs, screen) <= dueMs) return { topic: 'backup', level: 'ok', text };
  return { topic: 'backup', level: 'look', text: `${text}: overdue`, remedy: 'walkback backup take' };
}

function holesFinding(archive: ArchiveWindows): Finding {
  const [newest] = archive.timelines;
  const holes = archive.timelines.flatMap((timeline) => timeline.holes);
  const missing = holes.reduce((sum, hole) => sum + hole.segmentCount, 0);
  if (holes.length === 0) return { topic: 'holes', level: 'ok', text: 'none' };
  const text = `${countOf(holes.length, 'hole')}, ${countOf(missing, 'segment')} missing`;
  const lastBackup = newest?.backups.at(-1);
  // Behind the newest backup nothing can be reached until there is another one.
  const isOpen = newest?.holes.some((hole) => lastBackup === undefined || hole.toLsn > lastBackup.startLsn) === true;
  return isOpen
    ? { topic: 'holes', level: 'act', text: `${text}, behind the last backup`, remedy: 'walkback backup take' }
    : { topic: 'holes', level: 'look', text, remedy: 'walkback window' };
}

/** True if an agent that gave a sign then is still at work. */
export function isAgentAlive(seenUs: bigint, nowUs: bigint): boolean {
  return nowUs - seenUs <= BigInt(AGENT_SILENT_MS) * 1000n;
}

function agentFinding({ agentSeenUs: seenUs, live }: Protection, screen: Screen): Finding {
  if (live === undefined) return { topic: 'agent', level: 'ok', text: 'not known: data-directory is not set' };
  if (seenUs === undefined) return { topic: 'agent', level: 'ok', text: 'none serves this server' };
  if (isAgentAlive(seenUs, screen.nowUs())) return { topic: 'agent', level: 'ok', text: 'running' };
  const text = `silent for ${formatDuration(msSince(seenUs, screen))}`;
  return {
    topic: 'agent',
    level: 'look',
    text,
    remedy: 'Start it again, by what supervises it, or:\n    walkback agent',
  };
}

function frozenFindings({ frozen }: Protection): readonly Finding[] {
  if (frozen === undefined) return [];
  const remedy =
    'Nothing is pruned, and the archive grows. When nothing of it is needed any more:\n    walkback unfreeze';
  return [{ topic: 'frozen', level: 'look', text: describeFreeze(frozen), remedy }];
}

/** How the room that recoveries take is had back, a line each. */
function roomLines(recoveries: Protection['recoveries']): string[] {
  if (recoveries === undefined || isFailure(recoveries)) return [];
  return recoveries.flatMap(({ id, state }) => {
    if (keepsData(state) || state === 'released') return [`    walkback release ${id}`];
    return state === 'standing' || state === 'rehearsing' || state === 'discarded'
      ? [`    walkback rehearse --discard ${id}`]
      : [];
  });
}

function diskFinding(disk: NonNullable<Protection['disk']>, recoveries: Protection['recoveries']): Finding {
  const text = `${formatBytes(disk.freeBytes)} of ${formatBytes(disk.totalBytes)} free`;
  const lines = roomLines(recoveries);
  const held = lines.length === 0 ? '' : ' These hold some of it:';
  const remedy = [`Make room: a server whose WAL has no room stops.${held}`, ...lines].join('\n');
  if (disk.freeBytes < LEAST_FREE_BYTES || disk.freeBytes * 20n < disk.totalBytes) {
    return { topic: 'disk', level: 'act', text, remedy };
  }
  return disk.freeBytes * 10n < disk.totalBytes
    ? { topic: 'disk', level: 'look', text, remedy }
    : { topic: 'disk', level: 'ok', text };
}

const keepsData = (state: RecoveryState): boolean => state === 'recovered' || state === 'undone';

function recoveryFindings(recoveries: NonNullable<Protection['recoveries']>): readonly Finding[] {
  if (isFailure(recoveries)) return [unreachable('recovery', 'look', recoveries)];
  return recoveries.map(({ id, state }): Finding => {
    const remedy = `walkback recover status ${id}`;
    if (keepsData(state)) {
      const what = state === 'recovered' ? 'the data from before' : 'the recovered data';
      return { topic: 'recovery', level: 'ok', text: `${id} keeps ${what}` };
    }
    if (state === 'standing') return { topic: 'recovery', level: 'ok', text: `rehearsal ${id} stands` };
    // Only those that have left something behind are among them.
    if (state === 'released' || state === 'discarded') {
      const finish = state === 'released' ? `walkback release ${id}` : `walkback rehearse --discard ${id}`;
      return {
        topic: 'recovery',
        level: 'look',
        text: `${id} is over, and not all it left is removed`,
        remedy: finish,
      };
    }
    return state === 'rehearsing'
      ? { topic: 'recovery', level: 'ok', text: `the rehearsal ${id} is not at its target yet` }
      : {
          topic: 'recovery',
          level: 'act',
          text: `${id} is ${state === 'undoing' ? 'being undone' : 'cutting over'}`,
          remedy,
        };
  });
}

/** All findings, in the order of the screen. */
export function judgeProtection(found: Protection, screen: Screen): readonly Finding[] {
  const { archive } = found;
  const ofArchive = isFailure(archive)
    ? [unreachable('reach', 'act', archive)]
    : [
        reachFinding(archive, found.live, screen),
        backupFinding(archive, found.backupDueMs, screen),
        holesFinding(archive),
      ];
  return [
    ...serverFindings(found),
    archiverFinding(found, screen),
    ...ofArchive,
    agentFinding(found, screen),
    ...frozenFindings(found),
    ...(found.disk === undefined ? [] : [diskFinding(found.disk, found.recoveries)]),
    ...(found.recoveries === undefined ? [] : recoveryFindings(found.recoveries)),
  ];
}

/** The worst of some findings. */
export function worstOf(findings: readonly Finding[]): Level {
  if (findings.some(({ level }) => level === 'act')) return 'act';
  return findings.some(({ level }) => level === 'look') ? 'look' : 'ok';
}
