/**
 * What the main thread and a packing worker say to each other.
 *
 * Frames are handed over, not copied. A worker may be {@link MAX_FRAMES_AHEAD} frames ahead of the upload; it then sleeps
 * on a shared counter, so that a slow store holds the reading back and memory stays bounded.
 *
 * @module
 */

import type { Compression } from '../base/compression-names.ts';
import type { PlannedPart } from './part-plan.ts';
import type { PackedPart, PageVerification } from './part-packer.ts';

/** How many frames may be on their way from one worker. */
export const MAX_FRAMES_AHEAD = 4;

/** What a worker is started with. */
export interface PartWorkerData {
  readonly compression: Exclude<Compression, 'brotli'>;
  readonly level: number;
  readonly verification: PageVerification | undefined;
  /** How many bytes a second this worker may read; as many as it can if `undefined`. */
  readonly diskBytesPerS: number | undefined;
  /** One 32-bit counter: frames sent and not yet taken by the store. */
  readonly framesAhead: SharedArrayBuffer;
}

/** To the worker: the next part to pack. */
export type PartOrder = PlannedPart;

/** From the worker. */
export type PartMessage =
  | { readonly kind: 'frame'; readonly bytes: Uint8Array<ArrayBuffer>; readonly tarBytes: number }
  /** Read only to see what has changed. */
  | { readonly kind: 'scanned'; readonly bytes: number }
  | { readonly kind: 'packed'; readonly part: PackedPart }
  | { readonly kind: 'failed'; readonly error: unknown };
