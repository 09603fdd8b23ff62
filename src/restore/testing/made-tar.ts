/**
 * Tars that a test makes, entry by entry, right or wrong.
 *
 * @module
 */

import { TAR_END, tarHeader, tarPadding, type TarEntryType } from '../../codec/tar-header.ts';

/** An entry; a file unless told. */
export interface MadeEntry {
  readonly name: string;
  readonly type?: TarEntryType;
  readonly content?: Buffer;
  /** Permission bits; its owner's alone unless told. */
  readonly mode?: number;
  readonly linkName?: string;
}

/** A tar of these. @param end what comes behind the last one. */
export function madeTar(entries: readonly MadeEntry[], end: Buffer = TAR_END): Buffer {
  const blocks = entries.flatMap(({ name, type = 'file', content = Buffer.alloc(0), mode = 0o600, linkName = '' }) => [
    tarHeader({ name, type, sizeBytes: content.length, mode, uid: 0, gid: 0, mtimeSeconds: 0, linkName }),
    content,
    tarPadding(content.length),
  ]);
  return Buffer.concat([...blocks, end]);
}
