/**
 * What the operating system's errors mean to an archive in a folder.
 *
 * @module
 */

import { Failure, messageOf, type FailureKind } from '../../base/failure.ts';

interface Meaning {
  readonly kind: FailureKind;
  readonly remedy: string;
}

const DENIED: Meaning = { kind: 'denied', remedy: 'Give the user that runs walkback access to the path.' };
const CONFLICT: Meaning = {
  kind: 'conflict',
  remedy: 'A file stands where a folder must be, or a folder where a file must be. Move it out of the archive.',
};
const FULL: Meaning = { kind: 'unavailable', remedy: 'Make room on the file system, then try again.' };

const MEANINGS: Readonly<Record<string, Meaning>> = {
  EACCES: DENIED,
  EPERM: DENIED,
  EROFS: { kind: 'denied', remedy: 'The file system is mounted read-only. Mount it for writing.' },
  EISDIR: CONFLICT,
  ENOTDIR: CONFLICT,
  ENOTEMPTY: CONFLICT,
  ENOSPC: FULL,
  EDQUOT: FULL,
  EMLINK: FULL,
  ENAMETOOLONG: { kind: 'usage', remedy: 'The file system takes no names that long.' },
  ELOOP: { kind: 'refused', remedy: 'Replace the symbolic link by a real file or folder, or by a bind mount.' },
};

const OTHER: Meaning = {
  kind: 'unavailable',
  remedy: 'Look at the file system (is it mounted, does its server answer?), then try again.',
};

/** The code of a system error, such as `ENOENT`. */
export function errnoOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** The failure that a system error is. Failures, and errors that are not the system's, come back as they are. */
export function fileFailure(action: string, path: string, error: unknown): unknown {
  const code = errnoOf(error);
  if (code === undefined || !(error instanceof Error) || !('syscall' in error)) return error;
  const { kind, remedy } = MEANINGS[code] ?? OTHER;
  return new Failure(kind, { message: `cannot ${action} ${path}: ${messageOf(error)}`, remedy, cause: error });
}
