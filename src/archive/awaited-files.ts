/**
 * The files that an `archive_command` waits for right now, by the marks it leaves in the spool.
 *
 * @module
 */

import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Looks. A mark stays when its `archive_command` has given up, which it does as soon as it is told of a failure; one that
 * still waits renews it.
 *
 * @param waiting the folder of the marks.
 * @param failedMs when the last push of a file failed, of which a command was told that left its mark before.
 */
export async function readAwaitedFiles(
  waiting: string,
  failedMs: (fileName: string) => number | undefined,
): Promise<Set<string>> {
  const awaited = new Set<string>();
  for (const fileName of await readdir(waiting).catch(() => [])) {
    const mark = await stat(join(waiting, fileName)).catch(() => undefined);
    if (mark !== undefined && mark.mtimeMs > (failedMs(fileName) ?? -Infinity)) awaited.add(fileName);
  }
  return awaited;
}
