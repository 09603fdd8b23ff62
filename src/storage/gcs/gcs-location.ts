/**
 * Where an archive in Google Cloud Storage is, and how to reach it. Loads nothing.
 *
 * @module
 */

import type { HttpSettings } from '../http-agents.ts';

/** Whose word is given to Google. */
export type GcsCredentials =
  /** What Google's programs find by themselves: the user's login, or the metadata server of the machine or pod. */
  | { readonly kind: 'default'; readonly metadataHost?: string }
  /** A file of any of Google's types: service account, workload identity federation, impersonation, a user's login. */
  | { readonly kind: 'file'; readonly path: string }
  /** What such a file holds, where it is in no file. */
  | { readonly kind: 'text'; readonly text: string }
  /** None: public buckets, and emulators. */
  | { readonly kind: 'anonymous' };

/** An archive in a bucket of Google Cloud Storage. */
export interface GcsLocation extends HttpSettings {
  readonly kind: 'gcs';
  readonly bucket: string;
  /** The part of every key before the archive's own, without `/` at its end; may be empty. */
  readonly prefix: string;
  readonly credentials: GcsCredentials;
  /** Another server than Google's: `http://127.0.0.1:4443`. */
  readonly endpoint?: string;
  /** The customer's own key (CSEK): 32 bytes, in base64. Sent with every object's request, kept by nobody. */
  readonly encryptionKey?: string;
  /** Bodies larger than this are sent in pieces of it; a multiple of 256 KiB. Default 16 MiB. */
  readonly chunkSizeBytes?: number;
}

/** The default of {@link GcsLocation.chunkSizeBytes}. */
export const DEFAULT_CHUNK_SIZE_BYTES = 16 * 1024 * 1024;

/** Google's own server. */
export const GCS_ENDPOINT = 'https://storage.googleapis.com';

/** The name by which Google's machines and pods reach what gives them tokens. */
export const METADATA_HOST = 'metadata.google.internal';
