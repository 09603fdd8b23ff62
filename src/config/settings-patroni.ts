/**
 * Settings of a cluster that Patroni runs.
 *
 * @module
 */

import type { Setting } from './setting.ts';
import { choice, commandLine, path } from './value-kind.ts';

/** Settings of clusters and Patroni. */
export const PATRONI_SETTINGS = {
  clusterKind: {
    group: 'recovery',
    kind: choice(['local', 'patroni', 'kubernetes']),
    summary:
      'What keeps the server running: itself alone (local), Patroni, with other members that a recovery has to take along (patroni), or a StatefulSet in a namespace, with Patroni or without (kubernetes).',
    default: 'local',
    example: 'patroni',
  },
  patroniConfig: {
    group: 'recovery',
    kind: path,
    summary:
      "Patroni's configuration file of this member, for cluster-kind patroni. Data directory, programs, superuser and cluster name are taken from it where they are not set. PATRONI_ variables override it, as they do for Patroni.",
    example: '/etc/patroni/config.yml',
    alsoFrom: ['PATRONICTL_CONFIG_FILE'],
  },
  patroniPython: {
    group: 'recovery',
    kind: path,
    summary:
      "The Python interpreter with Patroni's library, which reads and changes the cluster's keys in the DCS. Absent: that of the running Patroni, then that of patroni or patronictl on the PATH.",
    example: '/opt/patroni/bin/python3',
  },
  patroniStopCommand: {
    group: 'recovery',
    kind: commandLine,
    summary:
      'Ends Patroni on this host: a program and its arguments, no shell. Absent, with patroni-start-command: systemctl with the unit that it runs in.',
    example: 'supervisorctl stop patroni',
  },
  patroniStartCommand: {
    group: 'recovery',
    kind: commandLine,
    summary: 'Starts Patroni on this host, written as patroni-stop-command is. It must come back while Patroni runs.',
    example: 'supervisorctl start patroni',
  },
} as const satisfies Record<string, Setting>;
