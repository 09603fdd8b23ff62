/**
 * Settings of archives in a folder of another host, reached by SSH (SFTP).
 *
 * Source of the other names: WAL-G `pkg/storages/sh/configure.go`. WAL-G checks no host's key; what says how a host is
 * known has no name of WAL-G's.
 *
 * @module
 */

import { walgNames, type Setting } from './setting.ts';
import { choice, integer, matching, path, text } from './value-kind.ts';

const FINGERPRINT = /^SHA256:[A-Za-z0-9+/]{43}=?(?:[ ,]+SHA256:[A-Za-z0-9+/]{43}=?)*$/;

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
  sshPort: {
    group: 'archive',
    kind: integer(1, 65_535),
    summary: 'The port of the SSH server, where the address names none.',
    default: '22',
    example: '2222',
    alsoFrom: walgNames('SSH_PORT'),
  },
  sshUsername: {
    group: 'archive',
    kind: text,
    summary: 'The user that logs in on the host, where the address names none. Absent: the user that runs walkback.',
    example: 'backup',
    alsoFrom: walgNames('SSH_USERNAME'),
  },
  sshPassword: {
    group: 'archive',
    kind: text,
    summary: 'The password of that user, tried after the private key.',
    example: '(a secret)',
    alsoFrom: walgNames('SSH_PASSWORD'),
    secret: true,
  },
  sshPrivateKeyFile: {
    group: 'archive',
    kind: path,
    summary: 'The private key that logs in, in the form of OpenSSH or PEM.',
    example: '/var/lib/postgresql/.ssh/id_ed25519',
    alsoFrom: walgNames('SSH_PRIVATE_KEY_PATH'),
  },
  sshPrivateKeyPassphrase: {
    group: 'archive',
    kind: text,
    summary: 'The passphrase of the private key, if it has one.',
    example: '(a secret)',
    secret: true,
  },
  sshAgent: {
    group: 'archive',
    kind: path,
    summary: 'The socket of an agent that holds keys. Used when neither a private key nor a password is set.',
    example: '/run/user/1000/ssh-agent.socket',
    alsoFrom: ['SSH_AUTH_SOCK'],
    environmentOnly: true,
  },
  sshKnownHosts: {
    group: 'archive',
    kind: path,
    summary:
      "The file by which the host is recognised, in OpenSSH's form. Absent: ~/.ssh/known_hosts and /etc/ssh/ssh_known_hosts. A host that is not in it is refused, with the line that adds it.",
    example: '/etc/walkback/known_hosts',
  },
  sshHostKey: {
    group: 'archive',
    kind: matching(FINGERPRINT, 'FINGERPRINT', 'fingerprints such as SHA256:…, as ssh-keygen -l prints them'),
    summary: "The fingerprint of the host's key (or several, with commas between them), instead of a file.",
    example: 'SHA256:uNiVztksCsDhcc0u9e8BrVJF7CfUQZlTAyFBJ3dMc9s',
  },
  sshHostKeyChecking: {
    group: 'archive',
    kind: choice(['on', 'off']),
    summary:
      'Off: whoever answers at the address is believed, as WAL-G does, and can read and replace what is sent. Meant for tests.',
    default: 'on',
    example: 'off',
  },
} as const satisfies Record<string, Setting>;
