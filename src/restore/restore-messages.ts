/**
 * What the main thread and an unpacking worker say to each other.
 *
 * @module
 */

import type { ReadableCompression } from '../base/compression-names.ts';
import type { FailureMessage } from '../base/failure-message.ts';
import type { AppliedIncrement, PageLayout } from './increment-writer.ts';
import type { Taking } from './restore-levels.ts';

/** What a worker is started with. */
export interface RestoreWorkerData {
  readonly destination: string;
  readonly tablespaceLocations: ReadonlyMap<number, string>;
  /** Normalized names that are not taken from a part, because they have an object of their own. */
  readonly leftOut: ReadonlySet<string>;
  readonly layout: PageLayout;
}

/** Which object, and what of it. */
export interface ObjectOrder {
  readonly key: string;
  readonly compression: ReadableCompression;
  readonly isPart: boolean;
  /** What to take, by normalized name; `undefined`: everything, whole. */
  readonly wanted: ReadonlyMap<string, Taking> | undefined;
}

/** To the worker: an object's name, then its bytes, then its end. */
export type RestoreOrder =
  | (ObjectOrder & { readonly kind: 'object' })
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly kind: 'end' };

/** What came out of one object. */
export interface UnpackedObject {
  /** Normalized names and sizes of the files written. */
  readonly files: readonly (readonly [name: string, sizeBytes: number])[];
  /** Files that were there and were brought up to date. */
  readonly increments: readonly (AppliedIncrement & { readonly name: string })[];
  readonly directories: readonly (readonly [name: string, mode: number])[];
  /** Links, which WAL-G stores without saying where they point, and what is not the server's in a tablespace's folder. */
  readonly skipped: readonly string[];
}

/**
 * From the worker. `taken` says how many bytes of the object it has used up, `passed` how many of the tar's content it has
 * written, or will step over, `entry` that it has come to an entry.
 */
export type RestoreMessage =
  | { readonly kind: 'taken'; readonly bytes: number }
  | { readonly kind: 'passed'; readonly bytes: number }
  | { readonly kind: 'entry' }
  | { readonly kind: 'unpacked'; readonly object: UnpackedObject }
  | { readonly kind: 'failed'; readonly failure: FailureMessage };
