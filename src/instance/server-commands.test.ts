import { describe, expect, it } from 'vitest';

import { fillCommand, serverCommands } from './server-commands.ts';

const values = {
  dataDirectory: '/srv/my data',
  bin: '/opt/pg/bin',
  logFile: '/srv/log',
  options: ['-p', '5433', '-c', 'cluster_name=a b'],
};

describe('the commands of a server', () => {
  it('are argument lists, so that a path with spaces stays one word', () => {
    const { start } = serverCommands({ kind: 'pg_ctl' });
    expect(fillCommand(start, values)).toEqual([
      '/opt/pg/bin/pg_ctl',
      '-D',
      '/srv/my data',
      '-l',
      '/srv/log',
      '-W',
      '-o',
      `-p 5433 -c 'cluster_name=a b'`,
      'start',
    ]);
  });

  it('never stop in immediate mode', () => {
    const kinds = [
      { kind: 'pg_ctl' },
      { kind: 'systemctl', unit: 'pg' },
      { kind: 'pg_ctlcluster', major: 17, cluster: 'main' },
    ] as const;
    for (const kind of kinds) expect(serverCommands(kind).stop.join(' ')).not.toContain('immediate');
  });

  it('may be anything, but not with a placeholder that does not exist', () => {
    const custom = serverCommands({ kind: 'custom', start: ['my-start', '{dataDirectory}'], stop: ['my-stop'] });
    expect(fillCommand(custom.start, values)).toEqual(['my-start', '/srv/my data']);
    expect(() => serverCommands({ kind: 'custom', start: ['x', '{datadir}'], stop: ['y'] })).toThrow(
      expect.objectContaining({ kind: 'usage', message: expect.stringContaining('{datadir}') }),
    );
  });
});
