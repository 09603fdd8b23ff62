/**
 * What SFTP's answers and SSH's errors mean.
 *
 * OpenSSH's server has five answers for everything that can go wrong: "no such file", "permission denied", "bad message"
 * (a bad argument), "unsupported", and "failure" for all the rest: a full disk, a quota, a name that exists.
 *
 * Source: draft-ietf-secsh-filexfer-02 section 7; OpenSSH `sftp-server.c` (`errno_to_portable`).
 *
 * @module
 */

import { Failure, messageOf, type FailureKind } from '../../base/failure.ts';
import { propertyOf } from '../../base/unknown-value.ts';

const STATUS = { noSuchFile: 2, permissionDenied: 3, failure: 4, badMessage: 5, unsupported: 8 } as const;

/** What went wrong. */
export type SftpProblem = keyof typeof STATUS | 'login' | 'connection' | 'other';

/** Reads anything thrown by the library. */
export function problemOf(thrown: unknown): SftpProblem {
  const level = propertyOf(thrown, 'level');
  if (level === 'client-authentication') return 'login';
  if (typeof level === 'string') return 'connection';
  const code = propertyOf(thrown, 'code');
  for (const name of ['noSuchFile', 'permissionDenied', 'failure', 'badMessage', 'unsupported'] as const)
    if (code === STATUS[name]) return name;
  if (messageOf(thrown).includes('does not support this extended request')) return 'unsupported';
  // The rest of the numbers say that there is no connection; words are the system's.
  return typeof code === 'number' || typeof code === 'string' ? 'connection' : 'other';
}

/** A connection that broke under a request, or did not answer in time. */
export class ConnectionBroken extends Error {
  readonly code = 'ECONNRESET';
}

type Verdict = readonly [kind: FailureKind, found: string, remedy: string];

const VERDICTS: Readonly<Record<SftpProblem, (thrown: unknown) => Verdict>> = {
  noSuchFile: () => [
    'unavailable',
    'it is not there any more',
    'Find out who else writes to this archive, then try again.',
  ],
  permissionDenied: () => [
    'denied',
    'the host denies it (permission denied)',
    'Give the user that logs in there access to the folder and everything in it.',
  ],
  failure: () => [
    'failed',
    'the host answers "failure", and does not say why',
    'Look there: is the disk full, is there a quota, does a file stand where a folder must be, or a folder where a file must be?',
  ],
  badMessage: (thrown) => [
    'failed',
    `the host does not take it (${messageOf(thrown)})`,
    'Look for a name that its file system does not allow.',
  ],
  unsupported: () => [
    'refused',
    'the server does not know how to do this',
    'Use an SFTP server that renames over files and makes hard links (posix-rename@openssh.com, hardlink@openssh.com), such as OpenSSH.',
  ],
  login: () => [
    'denied',
    'the login is not accepted',
    'Check the user, and the private key or password that is set for it (and that the public key is in ~/.ssh/authorized_keys there).',
  ],
  connection: (thrown) => [
    'unavailable',
    messageOf(thrown),
    'Look whether the host is up and its SSH server can be reached from here, then try again.',
  ],
  other: (thrown) => ['failed', messageOf(thrown), "Look in the log of the host's SSH server for the reason."],
};

/** The failure that a thrown error is; failures come back as they are. @param action `read ssh://host/a`. */
export function sftpFailure(action: string, thrown: unknown, facts: readonly string[] = []): Failure {
  if (thrown instanceof Failure) return thrown;
  const [kind, found, remedy] = VERDICTS[problemOf(thrown)](thrown);
  return new Failure(kind, { message: `cannot ${action}: ${found}`, remedy, facts, cause: thrown });
}
