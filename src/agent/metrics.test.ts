import { describe, expect, it } from 'vitest';

import { AgentRecord } from './agent-record.ts';
import { healthProblems } from './health.ts';
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

describe('the health of an agent', () => {
  it('is good while it serves and nothing waits long', () => {
    expect(healthProblems(served(), { ...calm, waitingFiles: 3, oldestWaitingMs: Date.now() - 60_000 })).toEqual([]);
  });

  it('is bad while it serves nothing', () => {
    expect(healthProblems(new AgentRecord(), calm)).toMatchObject([{ topic: 'server' }]);
  });

  it('says why files wait', () => {
    const record = served();
    record.takeAgentEvent({ kind: 'pushFailed', fileName: 'x', message: 'the store is away' });
    const waiting = { ...calm, waitingFiles: 1, oldestWaitingMs: Date.now() - 600_000 };
    expect(healthProblems(record, waiting)).toEqual([
      { topic: 'archiving', text: '1 files wait, for 600 s: the store is away' },
    ]);
  });

  it('is bad while WAL is lost, and while a duty fails for long', () => {
    const record = served();
    record.takeDutyEvent({ kind: 'chainChecked', segmentCount: 7, missingCount: 2 });
    record.takeDutyEvent({ kind: 'dutyFailed', duty: 'backup', message: 'no room' });
    expect(healthProblems(record, calm).map(({ topic }) => topic)).toEqual(['chain']);
    expect(healthProblems(record, calm, Date.now() + 600_000).map(({ topic }) => topic)).toEqual(['chain', 'duty']);
    record.takeDutyEvent({ kind: 'dutyRecovered', duty: 'backup' });
    record.takeDutyEvent({ kind: 'chainChecked', segmentCount: 0, missingCount: 0 });
    expect(healthProblems(record, calm, Date.now() + 600_000)).toEqual([]);
  });
});
