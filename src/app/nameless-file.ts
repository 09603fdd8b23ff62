/**
 * A file for a library that wants a path, with content that must not outlive this process: its name is removed before anything is
 * written, so that a process that is killed leaves nothing behind.
 *
 * Where there is no `/proc` (macOS) it has a name until it is disposed of.
 *
 * @module
 */

import { randomUUID } from 'node:crypto';
import { access, open, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** The file. Disposing removes it. */
export interface NamelessFile extends AsyncDisposable {
  /** Good in this process alone. */
  readonly path: string;
}

/** Makes one that only this user can read. @param folder where it is for a moment. */
export async function namelessFile(folder: string, content: string): Promise<NamelessFile> {
  const named = join(folder, `walkback-${randomUUID()}`);
  const file = await open(named, 'wx+', 0o600);
  const nameless = `/proc/self/fd/${file.fd}`;
  try {
    const hasProc = await access(nameless).then(
      () => true,
      () => false,
    );
    if (hasProc) await rm(named);
    await file.writeFile(content);
    return {
      path: hasProc ? nameless : named,
      [Symbol.asyncDispose]: async () => {
        await file.close();
        await rm(named, { force: true });
      },
    };
  } catch (error) {
    await file.close();
    await rm(named, { force: true });
    throw error;
  }
}
