/**
 * Where an archive in S3 is, and how to reach it. Kept apart from the client, so that naming a location loads no SDK.
 *
 * @module
 */

/** Credentials that are given, not found by the SDK. */
export interface S3Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** An archive in a bucket of S3, or of anything that speaks S3. */
export interface S3Location {
  readonly kind: 's3';
  readonly bucket: string;
  /** The part of every key before the archive's own, without `/` at its ends; may be empty. */
  readonly prefix: string;
  /** Not given: `us-east-1` with an endpoint of one's own, else what the SDK finds; a redirect is followed. */
  readonly region?: string;
  /** Another server than AWS's. Without a scheme it is `https`. */
  readonly endpoint?: string;
  /** `endpoint/bucket/key` in place of `bucket.endpoint/key`. */
  readonly forcePathStyle?: boolean;
  /** Not given: the SDK's own chain (environment, profile, web identity, container, instance metadata). */
  readonly credentials?: S3Credentials;
  /** Sent with every upload, such as `STANDARD_IA`. */
  readonly storageClass?: string;
  /** A PEM file of certificate authorities that are trusted beside the public ones. */
  readonly caFile?: string;
  /** Bodies larger than this are sent in parts of it; 5 MiB or more. Default 20 MiB, as in WAL-G. */
  readonly maxPartSizeBytes?: number;
}

/** The default of {@link S3Location.maxPartSizeBytes}. */
export const DEFAULT_PART_SIZE_BYTES = 20 * 1024 * 1024;
