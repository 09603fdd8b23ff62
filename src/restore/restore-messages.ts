/**
 * What the main thread and an unpacking worker say to each other.
 *
 * @module
 */

import type { FailureMessage } from '../base/failure-message.ts';
import type { Compression } from '../base/compression-names.ts';

/** What a worker is started with. */
export interface RestoreWorkerData {
  readonly destination: string;
  readonly tablespaceLocations: ReadonlyMap<number, string>;
  /** Normalized names that are not taken from a part, because they have an object of their own. */
  readonly leftOut: ReadonlySet<string>;
}

/** To the worker: an object's name, then its bytes, then its end. */
export type RestoreOrder =
  | { readonly kind: 'object'; readonly key: string; readonly compression: Compression; readonly isPart: boolean }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly kind: 'end' };

/** What came out of one object. */
export interface UnpackedObject {
  /** Normalized names and sizes of the files written. */
  readonly files: readonly (readonly [name: string, sizeBytes: number])[];
  readonly directories: readonly (readonly [name: string, mode: number])[];
  /** Entries that are neither file nor directory, which WAL-G stores without saying where they point. */
  readonly skipped: readonly string[];
}

/** From the worker. `taken` says how many bytes of the object it has used up. */
export type RestoreMessage =
  | { readonly kind: 'taken'; readonly bytes: number }
  | { readonly kind: 'written'; readonly bytes: number }
  | { readonly kind: 'unpacked'; readonly object: UnpackedObject }
  | { readonly kind: 'failed'; readonly failure: FailureMessage };
