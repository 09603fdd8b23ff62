/**
 * Whether the host that answered is the one that was meant.
 *
 * Nobody is there to answer "are you sure you want to continue connecting", so an unknown host is refused, with the line
 * that makes it known. WAL-G accepts any host: whoever can answer in its place gets the backups.
 *
 * @module
 */

import { readFile } from 'node:fs/promises';

import { Failure, messageOf } from '../../base/failure.ts';
import { fingerprintOf, keyTypeOf, knownHostName, knownKeysOf, verdictOf, type KnownKey } from './known-hosts.ts';
import { sshAddressOf, type SshLocation } from './ssh-location.ts';

/** What is known of a host before it is asked. */
export interface HostKeys {
  /** The types of key that it is known by; empty: any. A host is asked for one of these, as OpenSSH does. */
  readonly types: readonly string[];
  /** The failure that the presented key is, or `undefined` if it is the right one. */
  readonly problemWith: (blob: Buffer) => Failure | undefined;
}

async function readKnownHosts(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '';
    throw new Failure('usage', {
      message: `cannot read the known hosts in ${file}: ${messageOf(error)}`,
      remedy: 'Make the file readable for the user that runs walkback.',
      cause: error,
    });
  }
}

function unknownHost(location: SshLocation, files: readonly string[], blob: Buffer): Failure {
  const { host, port } = location;
  return new Failure('denied', {
    message: `cannot use ${sshAddressOf(location)}: the host is not known by its key, ${fingerprintOf(blob)} (${keyTypeOf(blob)})`,
    remedy: `Compare it with the key on that host (ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub). If it is that one, add it:\n    ssh-keyscan -p ${port} ${host} >> ${files[0] ?? '~/.ssh/known_hosts'}\nor set ssh-host-key to the fingerprint.`,
    facts: [`looked for ${knownHostName(host, port)} in ${files.join(', ') || 'no file'}`],
  });
}

function wrongHost(location: SshLocation, why: string, blob: Buffer): Failure {
  return new Failure('denied', {
    message: `cannot use ${sshAddressOf(location)}: ${why}; it presents ${fingerprintOf(blob)} (${keyTypeOf(blob)})`,
    remedy:
      'Either the host was set up anew, or another one answers in its place. Find out which, before anything is sent there; then correct what is known of it.',
  });
}

function byKnownHosts(location: SshLocation, files: readonly string[], known: readonly KnownKey[]): HostKeys {
  const types = known.filter((key) => !key.isRevoked).map((key) => key.type);
  return {
    types: [...new Set(types)],
    problemWith: (blob) => {
      switch (verdictOf(known, blob)) {
        case 'known':
          return undefined;
        case 'unknown':
          return unknownHost(location, files, blob);
        case 'changed':
          return wrongHost(location, `its key is not the one in ${files.join(', ')}`, blob);
        case 'revoked':
          return wrongHost(location, `its key is revoked in ${files.join(', ')}`, blob);
      }
    },
  };
}

/** Reads what is known of the location's host. @throws {Failure} `usage` if a file cannot be read. */
export async function readHostKeys(location: SshLocation): Promise<HostKeys> {
  const { trust, host, port } = location;
  switch (trust.kind) {
    case 'knownHosts': {
      const texts = await Promise.all(trust.files.map(readKnownHosts));
      return byKnownHosts(
        location,
        trust.files,
        texts.flatMap((text) => knownKeysOf(text, host, port)),
      );
    }
    case 'fingerprints':
      return {
        types: [],
        problemWith: (blob) =>
          trust.fingerprints.includes(fingerprintOf(blob))
            ? undefined
            : wrongHost(location, `its key is not ${trust.fingerprints.join(' or ')}`, blob),
      };
    case 'anyone':
      return { types: [], problemWith: () => undefined };
  }
}
