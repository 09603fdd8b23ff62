/**
 * Settings of archives in SFTP, on a host reached by SSH.
 *
 * Source of the other names: WAL-G `pkg/storages/sh/configure.go`.
 *
 * @module
 */

import type { Setting } from './setting.ts';
import { text } from './value-kind.ts';

/** Settings of the store `ssh`. */
export const SSH_SETTINGS = {
  sshPrefix: {
    group: 'archive',
    kind: text,
    summary:
      "The archive on another host, as WAL-G names it. Used when `archive` is not set; no other prefix of WAL-G's may be set too.",
    example: 'ssh://backup.example.net/srv/archive/shop-prod',
    alsoFrom: ['WALG_SSH_PREFIX', 'WALE_SSH_PREFIX'],
    environmentOnly: true,
  },
} as const satisfies Record<string, Setting>;
