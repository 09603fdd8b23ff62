/**
 * Files of a running server come and go while they are walked over.
 *
 * @module
 */

/** For `catch`: nothing, if what was looked for is not there. @throws any other error. */
export function unlessVanished(error: unknown): undefined {
  if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR'))
    return undefined;
  throw error;
}
