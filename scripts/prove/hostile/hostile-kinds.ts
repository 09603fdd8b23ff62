/**
 * Every kind of hostile input.
 *
 * @module
 */

import { BACKUP_METADATA } from './backup-metadata.ts';
import { COMPRESSED_OBJECTS } from './compressed-objects.ts';
import { ENCRYPTED_OBJECTS } from './encrypted-objects.ts';
import type { HostileKind } from './hostile-kind.ts';
import { INCREMENTS } from './increments.ts';
import { TAR_PARTS } from './tar-parts.ts';

/** The kinds. Those that begin with a change of these lists are other inputs under the same seeds. */
export const HOSTILE_KINDS: readonly HostileKind[] = [
  ...COMPRESSED_OBJECTS,
  ...ENCRYPTED_OBJECTS,
  TAR_PARTS,
  INCREMENTS,
  BACKUP_METADATA,
];
