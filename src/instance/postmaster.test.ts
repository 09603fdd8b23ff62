import { describe, expect, it } from 'vitest';

import { parsePostmasterOptions, parsePostmasterPid } from './postmaster.ts';

describe('postmaster.pid', () => {
  it('tells process, port, socket and status', () => {
    const text = '4711\n/srv/data\n1717599731\n5433\n/run/postgresql\nlocalhost\n  123  456\nready   \n';
    expect(parsePostmasterPid(text)).toEqual({
      pid: 4711,
      dataDirectory: '/srv/data',
      port: 5433,
      socketDirectory: '/run/postgresql',
      listenAddress: 'localhost',
      status: 'ready',
    });
  });

  it('is nothing while it is empty', () => {
    expect(parsePostmasterPid('')).toBeUndefined();
  });
});

describe('postmaster.opts', () => {
  it('gives the options again, without the data directory', () => {
    const text =
      '/usr/lib/postgresql/17/bin/postgres "-D" "/srv/data" "-c" "config_file=/etc/postgresql/17/main/postgresql.conf"\n';
    expect(parsePostmasterOptions(text)).toEqual(['-c', 'config_file=/etc/postgresql/17/main/postgresql.conf']);
  });
});
