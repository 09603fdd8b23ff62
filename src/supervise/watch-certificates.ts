/**
 * Certificates that somebody else renews: PostgreSQL reads them anew when it is told to, so their files are looked at, and it
 * is told once what is in them has changed.
 *
 * @module
 */

import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

import { messageOf } from '../base/failure.ts';

/** What is watched, and how. */
export interface CertificateWatch {
  readonly files: readonly string[];
  readonly everyMs: number;
  /** Has the server read them. What it throws is told, and it is tried again at the next look. */
  readonly reload: () => Promise<void>;
  readonly note: (line: string) => void;
  readonly onWarning: (line: string) => void;
  readonly signal: AbortSignal;
}

/** Stands for the content of all of them. */
async function fingerprint(files: readonly string[]): Promise<string> {
  const hash = createHash('sha256');
  for (const file of files) hash.update(file).update(await readFile(file));
  return hash.digest('hex');
}

/** Watches until the signal. Throws nothing. */
export async function watchCertificates(watch: CertificateWatch): Promise<void> {
  const { files, everyMs, reload, note, onWarning, signal } = watch;
  let read = await fingerprint(files).catch(() => '');
  while (!signal.aborted) {
    await sleep(everyMs, undefined, { signal }).catch(() => {});
    if (signal.aborted) return;
    try {
      const now = await fingerprint(files);
      if (now === read) continue;
      await reload();
      read = now;
      note(`certificates have changed, and PostgreSQL has read them: ${files.join(', ')}`);
    } catch (error) {
      onWarning(`changed certificates are not in use yet: ${messageOf(error)}`);
    }
  }
}
