/**
 * From settings to an archive in a folder of another host.
 *
 * @module
 */

import { homedir, userInfo } from 'node:os';
import { join } from 'node:path';

import { Failure } from '../base/failure.ts';
import type { SshAddress } from '../config/archive-address.ts';
import type { Settings } from '../config/load-settings.ts';
import type { StoreLocation } from '../storage/open.ts';
import { defined } from './store-location-parts.ts';

type SshLocation = Extract<StoreLocation, { kind: 'ssh' }>;

function trustFrom(settings: Settings): SshLocation['trust'] {
  const fingerprints = settings.get('sshHostKey');
  const file = settings.get('sshKnownHosts');
  if (settings.get('sshHostKeyChecking') === 'off') return { kind: 'anyone' };
  if (fingerprints !== undefined)
    return { kind: 'fingerprints', fingerprints: fingerprints.split(/[ ,]+/).map((text) => text.replace(/=$/, '')) };
  return {
    kind: 'knownHosts',
    files: file === undefined ? [join(homedir(), '.ssh', 'known_hosts'), '/etc/ssh/ssh_known_hosts'] : [file],
  };
}

/** The name of the user that runs this. In a container it may have a number only. */
function ownName(): string {
  try {
    return userInfo().username;
  } catch (error) {
    throw new Failure('usage', {
      message: 'cannot tell which user logs in: the user that runs walkback has no name here',
      remedy: 'Set ssh-username, or name it in the address: ssh://USER@host/path.',
      cause: error,
    });
  }
}

/** How the settings say that the host is reached. @throws {Failure} `usage` if nothing is set to log in with. */
export function sshLocation(address: SshAddress, settings: Settings): SshLocation {
  const password = settings.get('sshPassword');
  const privateKeyFile = settings.get('sshPrivateKeyFile');
  const agentSocket = password === undefined && privateKeyFile === undefined ? settings.get('sshAgent') : undefined;
  if (password === undefined && privateKeyFile === undefined && agentSocket === undefined)
    throw new Failure('usage', {
      message: `cannot log in to ${address.host}: neither a private key nor a password is set, and there is no agent`,
      remedy: 'Set ssh-private-key-file (SSH_PRIVATE_KEY_PATH) or SSH_PASSWORD.',
    });
  return {
    kind: 'ssh',
    host: address.host,
    path: address.path,
    port: address.port ?? settings.get('sshPort'),
    username: address.username ?? settings.get('sshUsername') ?? ownName(),
    trust: trustFrom(settings),
    ...defined({
      password,
      privateKeyFile,
      agentSocket,
      privateKeyPassphrase: settings.get('sshPrivateKeyPassphrase'),
    }),
  };
}
