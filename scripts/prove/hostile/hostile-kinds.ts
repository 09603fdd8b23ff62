/**
 * Every kind of hostile input.
 *
 * @module
 */

import { COMPRESSED_OBJECTS } from './compressed-objects.ts';
import { ENCRYPTED_OBJECTS } from './encrypted-objects.ts';
import type { HostileKind } from './hostile-kind.ts';

/** The kinds. Those that begin with a change of these lists are other inputs under the same seeds. */
export const HOSTILE_KINDS: readonly HostileKind[] = [...COMPRESSED_OBJECTS, ...ENCRYPTED_OBJECTS];
