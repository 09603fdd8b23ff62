import { describe, expect, it } from 'vitest';

import { AgentRecord } from './agent-record.ts';
import { parseCronSchedule } from '../base/cron-schedule.ts';
import { healthProblems, healthStatements, type BackupPromise } from './health.ts';
import { metricsText, type AgentGauges } from './metrics.ts';

const calm: AgentGauges = { waitingFiles: 0, oldestWaitingMs: undefined, version: '1.0.0' };

function served(): AgentRecord {
  const record = new AgentRecord();
  record.takeAgentEvent({ kind: 'serving', systemIdentifier: 2n ** 63n + 1n, timeline: 3, spool: '/spool' });
  return record;
}

/** `name{labels} value` → value. */
function samples(text: string): Map<string, number> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]),
  );
}

describe('the metrics of an agent', () => {
  it('count what it pushed, and what failed', () => {
    const record = served();
    const name = '000000010000000000000001';
    record.takeAgentEvent({ kind: 'pushFailed', fileName: name, message: 'away' });
    record.takeAgentEvent({ kind: 'pushed', fileName: name, key: `wal_005/${name}.zst`, storedBytes: 1000 });
    record.takeAgentEvent({ kind: 'answered', fileName: name, code: 74, message: 'absent' });
    const found = samples(metricsText(record, { ...calm, waitingFiles: 2, oldestWaitingMs: 5000 }, 65_000));
    expect(found.get('walkback_wal_pushed_files_total')).toBe(1);
    expect(found.get('walkback_wal_pushed_bytes_total')).toBe(1000);
    expect(found.get('walkback_wal_push_failures_total')).toBe(1);
    expect(found.get('walkback_wal_waiting_files')).toBe(2);
    expect(found.get('walkback_wal_waiting_seconds')).toBe(60);
    expect(found.get('walkback_wal_restore_answers_total{exit_code="74"}')).toBe(1);
    expect(found.get('walkback_agent_serving{system_identifier="9223372036854775809",timeline="3"}')).toBe(1);
  });

  it('tell of the newest backup of the archive, whoever took it, and nothing where there is none', () => {
    const record = served();
    const newest = { name: 'base_1', startedMs: 40_000, finishedMs: 100_000, storedBytes: 7000 };
    record.takeDutyEvent({ kind: 'newestBackup', newest });
    const found = samples(metricsText(record, calm));
    expect(found.get('walkback_backup_last_success_timestamp_seconds')).toBe(100);
    expect(found.get('walkback_backup_last_stored_bytes')).toBe(7000);
    expect(found.get('walkback_backup_last_duration_seconds')).toBe(60);
    expect(found.get('walkback_backups_total')).toBe(0);
    record.takeDutyEvent({ kind: 'newestBackup', newest: undefined });
    expect(samples(metricsText(record, calm)).has('walkback_backup_last_success_timestamp_seconds')).toBe(false);
  });

  it('leave out what is not known yet', () => {
    const found = samples(metricsText(served(), calm));
    expect(found.has('walkback_backup_last_success_timestamp_seconds')).toBe(false);
    expect(found.has('walkback_chain_segments')).toBe(false);
    expect(found.get('walkback_backups_total')).toBe(0);
  });

  it('are each described once, in front of their samples, by a legal name', () => {
    const record = served();
    record.takeDutyEvent({ kind: 'dutyFailed', duty: 'backup', message: 'no "room"' });
    record.takeDutyEvent({ kind: 'chainChecked', segmentCount: 7, missingCount: 0 });
    const text = metricsText(record, calm);
    const described = [...text.matchAll(/^# TYPE (\S+) (counter|gauge)$/gm)].map(([, name]) => name);
    expect(new Set(described).size).toBe(described.length);
    for (const key of samples(text).keys()) {
      expect(described).toContain(key.replace(/\{.*/, ''));
      expect(key).toMatch(/^walkback_[a-z_]+(\{[a-z_]+="[^"]*"(,[a-z_]+="[^"]*")*\})?$/);
    }
    expect(samples(text).get('walkback_agent_duty_failing{duty="backup"}')).toBe(1);
  });
});

const unasked: BackupPromise = { schedule: undefined, zone: 'UTC', dueMs: 26 * 3_600_000 };
const nightly: BackupPromise = { ...unasked, schedule: parseCronSchedule('0 3 * * *') };
/** On Mondays. */
const weekly: BackupPromise = { ...unasked, schedule: parseCronSchedule('0 3 * * 1') };
const at = (time: string) => Date.parse(time);

/** Of an agent that holds the lease, where this is the newest backup. */
function holding(newest: { finished: string } | undefined): AgentRecord {
  const record = served();
  record.takeDutyEvent({ kind: 'leaseHeld' });
  const finishedMs = newest && at(newest.finished);
  record.takeDutyEvent({
    kind: 'newestBackup',
    newest:
      finishedMs === undefined
        ? undefined
        : { name: 'base_1', startedMs: finishedMs - 600_000, finishedMs, storedBytes: 1 },
  });
  return record;
}

describe('the health of an agent', () => {
  it('is good while it serves and nothing waits long', () => {
    expect(
      healthProblems(served(), { ...calm, waitingFiles: 3, oldestWaitingMs: Date.now() - 60_000 }, unasked),
    ).toEqual([]);
  });

  it('is bad while it serves nothing', () => {
    expect(healthProblems(new AgentRecord(), calm, unasked)).toMatchObject([{ topic: 'server' }]);
  });

  it('says why files wait', () => {
    const record = served();
    record.takeAgentEvent({ kind: 'pushFailed', fileName: 'x', message: 'the store is away' });
    const waiting = { ...calm, waitingFiles: 1, oldestWaitingMs: Date.now() - 600_000 };
    expect(healthProblems(record, waiting, unasked)).toEqual([
      { topic: 'archiving', text: '1 files wait, for 600 s: the store is away' },
    ]);
  });

  it('gives no reason of a file that is not ready any more, nor of another life', () => {
    const record = served();
    const waiting = { ...calm, waitingFiles: 1, oldestWaitingMs: Date.now() - 600_000 };
    const plain = [{ topic: 'archiving', text: '1 files wait, for 600 s' }];
    record.takeAgentEvent({ kind: 'pushFailed', fileName: 'x', message: 'cannot read x' });
    record.takeAgentEvent({ kind: 'noLongerReady', fileName: 'x' });
    expect(healthProblems(record, waiting, unasked)).toEqual(plain);
    record.takeAgentEvent({ kind: 'pushFailed', fileName: 'x', message: 'cannot read x' });
    record.takeAgentEvent({ kind: 'serving', systemIdentifier: 1n, timeline: 4, spool: '/spool' });
    expect(healthProblems(record, waiting, unasked)).toEqual(plain);
  });

  it('is bad while WAL is lost, and while a duty fails for long', () => {
    const record = served();
    record.takeDutyEvent({ kind: 'chainChecked', segmentCount: 7, missingCount: 2 });
    record.takeDutyEvent({ kind: 'dutyFailed', duty: 'backup', message: 'no room' });
    expect(healthProblems(record, calm, unasked).map(({ topic }) => topic)).toEqual(['chain']);
    expect(healthProblems(record, calm, unasked, Date.now() + 600_000).map(({ topic }) => topic)).toEqual([
      'chain',
      'duty',
    ]);
    record.takeDutyEvent({ kind: 'dutyRecovered', duty: 'backup' });
    record.takeDutyEvent({ kind: 'chainChecked', segmentCount: 0, missingCount: 0 });
    expect(healthProblems(record, calm, unasked, Date.now() + 600_000)).toEqual([]);
  });

  it('is bad while an agent keeps the archive whose server was the primary before, and names it', () => {
    const record = served();
    const holder = { id: '1', hostname: 'db1', processSpace: '', processId: 7, dataDirectory: '/data', startedAt: '' };
    const later = () => healthProblems(record, calm, unasked, Date.now() + 400_000).map(({ text }) => text);
    record.takeDutyEvent({ kind: 'leaseElsewhere', holder, holderTimeline: 1, timeline: 2 });
    expect(healthProblems(record, calm, unasked, Date.now() + 200_000)).toEqual([]);
    expect(later()).toEqual([
      expect.stringContaining('the agent on db1 (process 7, /data) has the archive, with a server on timeline 1; '),
    ]);
    record.takeDutyEvent({ kind: 'leaseElsewhere', holder, holderTimeline: undefined, timeline: 2 });
    expect(later()).toEqual([
      expect.stringMatching(/a timeline that it does not say; .* a primary on timeline 2\. Is/),
    ]);
    // An older agent beside the same primary, which was never promoted.
    record.takeDutyEvent({ kind: 'leaseElsewhere', holder, holderTimeline: undefined, timeline: 1 });
    expect(later()).toEqual([]);
    // Of the same primary, or of one that was promoted since.
    for (const holderTimeline of [2, 3]) {
      record.takeDutyEvent({ kind: 'leaseElsewhere', holder, holderTimeline, timeline: 2 });
      expect(later()).toEqual([]);
    }
    record.takeDutyEvent({ kind: 'leaseElsewhere', holder, holderTimeline: 1, timeline: 2 });
    record.takeDutyEvent({ kind: 'leaseHeld' });
    expect(later()).toEqual([]);
  });

  it('says which backup is the newest, however old it is, as long as none are scheduled', () => {
    const record = holding({ finished: '2026-06-01T03:10:00Z' });
    expect(healthProblems(record, calm, unasked, at('2026-06-20T00:00:00Z'))).toEqual([]);
    expect(healthStatements(record, at('2026-06-01T04:10:00Z'))).toEqual([
      { topic: 'backup', text: 'the newest, base_1, was finished at 2026-06-01T03:10:00.000Z, 3600 s ago' },
    ]);
  });

  it('is bad while the newest backup is older than it may be, and one was due by the schedule', () => {
    const record = holding({ finished: '2026-06-01T03:10:00Z' });
    const problemsAt = (time: string, promise: BackupPromise) =>
      healthProblems(record, calm, promise, at(time)).map(({ text }) => text);
    expect(problemsAt('2026-06-02T05:00:00Z', nightly)).toEqual([]);
    expect(problemsAt('2026-06-02T05:20:00Z', nightly)).toEqual([
      'the newest backup, base_1, is 94200 s old, and one was due at 2026-06-02T03:00:00.000Z',
    ]);
    expect(problemsAt('2026-06-06T03:00:00Z', weekly)).toEqual([]);
    expect(problemsAt('2026-06-08T03:30:00Z', weekly)).toHaveLength(1);
    record.takeDutyEvent({ kind: 'backupBegun', reason: { kind: 'schedule', scheduledMs: 0 } });
    expect(problemsAt('2026-06-08T03:30:00Z', weekly)).toEqual([]);
  });

  it('is bad while a backup has been running for longer than the newest may be old', () => {
    const record = holding({ finished: '2026-06-01T03:10:00Z' });
    record.takeDutyEvent({ kind: 'backupBegun', reason: { kind: 'schedule', scheduledMs: 0 } });
    expect(healthProblems(record, calm, nightly, Date.now() + nightly.dueMs - 60_000)).toEqual([]);
    expect(healthProblems(record, calm, nightly, Date.now() + nightly.dueMs + 60_000)).toEqual([
      { topic: 'backup', text: expect.stringMatching(/^a backup has been running for \d+ s$/) },
    ]);
  });

  it('is bad while there is no backup for long, and some are scheduled', () => {
    const record = holding(undefined);
    const later = Date.now() + 600_000;
    expect(healthProblems(record, calm, nightly)).toEqual([]);
    expect(healthProblems(record, calm, unasked, later)).toEqual([]);
    expect(healthProblems(record, calm, nightly, later)).toEqual([
      { topic: 'backup', text: 'there is no backup, and they are scheduled' },
    ]);
    expect(healthStatements(record)).toEqual([{ topic: 'backup', text: 'there is none' }]);
  });

  it('says nothing of backups where another agent looks after them', () => {
    const record = holding({ finished: '2026-06-01T03:10:00Z' });
    record.takeDutyEvent({ kind: 'chainChecked', segmentCount: 7, missingCount: 3 });
    record.takeDutyEvent({ kind: 'notPrimary' });
    expect(healthProblems(record, calm, nightly, at('2026-07-01T00:00:00Z'))).toEqual([]);
    expect(healthStatements(record, at('2026-07-01T00:00:00Z'))).toEqual([]);
  });
});
