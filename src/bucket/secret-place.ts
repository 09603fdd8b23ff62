/**
 * Where Secrets are kept: a namespace, or a file for who has none.
 *
 * @module
 */

import type { SecretData } from './secret-content.ts';

/** A place of Secrets. */
export interface SecretPlace extends AsyncDisposable {
  /** For messages: `the Secret shop/s3-backups-access-key`. */
  describe(name: string): string;
  /** What a Secret holds; `undefined` if there is none. */
  read(name: string): Promise<SecretData | undefined>;
  /** Proves, without a change, that {@link SecretPlace.write} may: keys that cannot be kept are not made. */
  checkWritable(name: string): Promise<void>;
  /** Creates the Secret, or puts `entries` into the one that is there; what else it holds then stays, byte for byte. */
  write(name: string, entries: SecretData): Promise<void>;
  /**
   * The lines that do the same by hand; values are left for the reader to fill in.
   *
   * @param isThere the Secret exists, and what else it holds stays.
   */
  byHand(name: string, keys: readonly string[], isThere: boolean): readonly string[];
}
