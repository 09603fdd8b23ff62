import { describe, expect, it } from 'vitest';

import { lsn } from '../postgres/lsn.ts';
import { privateServerArguments, type PrivateServerSettings } from './private-settings.ts';

const settings: PrivateServerSettings = {
  major: 17,
  socketDirectory: '/s',
  port: 5433,
  configFile: '/f/private.conf',
  hbaFile: '/f/hba',
  identFile: '/f/ident',
  name: 'rehearsal',
  required: {
    maxConnections: 300,
    maxWorkerProcesses: 9,
    maxWalSenders: 11,
    maxPreparedTransactions: 7,
    maxLocksPerTransaction: 65,
  },
  walLevel: 'replica',
  archiving: 'held',
  replay: { restoreCommand: 'fetch', timeline: 3, stopAt: { lsn: lsn(0x3000148n), inclusive: false } },
};

function pairs(given: PrivateServerSettings): string[] {
  return privateServerArguments(given).filter((word) => word !== '-c');
}

describe('the settings of a private server', () => {
  it('let nothing out and nobody in', () => {
    expect(pairs(settings)).toEqual(
      expect.arrayContaining([
        'listen_addresses=',
        'archive_command=',
        'archive_library=',
        'archive_cleanup_command=',
        'recovery_end_command=',
        'primary_conninfo=',
        'synchronous_standby_names=',
        'shared_preload_libraries=',
        'max_logical_replication_workers=0',
        'external_pid_file=',
        'ssl=off',
        'unix_socket_permissions=0700',
        'hot_standby=on',
        'archive_mode=on',
      ]),
    );
  });

  it('give the target last, behind the emptied others, which would reset it', () => {
    const all = pairs(settings);
    const targets = all.filter((pair) => /^recovery_target(_name|_time|_xid|_lsn)?=/.test(pair));
    expect(targets.at(-1)).toBe('recovery_target_lsn=0/3000148');
    expect(all).toContain('recovery_target_inclusive=off');
    expect(all).toContain('recovery_target_action=pause');
    expect(all).toContain('recovery_target_timeline=3');
  });

  it('are not below what replay demands', () => {
    expect(pairs(settings)).toEqual(
      expect.arrayContaining([
        'max_connections=300',
        'max_worker_processes=9',
        'max_wal_senders=11',
        'max_prepared_transactions=7',
        'max_locks_per_transaction=65',
      ]),
    );
  });

  it('keep what data has: commit timestamps, replication slots and origins', () => {
    expect(pairs(settings)).toEqual(
      expect.arrayContaining(['track_commit_timestamp=on', 'max_replication_slots=1000']),
    );
    const on18 = pairs({ ...settings, major: 18, replicationSlots: 2000 });
    expect(on18).toEqual(expect.arrayContaining(['max_replication_slots=2000', 'max_active_replication_origins=2000']));
  });

  it('name no setting that an older major does not have', () => {
    const on14 = pairs({ ...settings, major: 14 });
    for (const name of ['archive_library', 'summarize_wal', 'sync_replication_slots', 'event_triggers', 'max_active']) {
      expect(on14.some((pair) => pair.startsWith(name))).toBe(false);
    }
  });

  it('let a query that meets a lock time out, whoever asks', () => {
    expect(pairs(settings)).toContain('lock_timeout=5s');
  });

  it.each([
    [14, false],
    [15, true],
  ])('keep replay on %i from reading ahead where WAL is missing behind the target', (major, isSet) => {
    const replay = { restoreCommand: 'fetch', timeline: 3, mustNotReadAhead: true };
    expect(pairs({ ...settings, major, replay }).includes('recovery_prefetch=off')).toBe(isSet);
    expect(pairs(settings)).not.toContain('recovery_prefetch=off');
  });

  it('restore nothing when nothing is to be replayed', () => {
    const { replay: _replay, ...rest } = settings;
    expect(pairs(rest)).toContain('restore_command=');
  });
});
