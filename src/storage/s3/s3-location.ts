/**
 * Where an archive in S3 is, and how to reach it. Kept apart from the client, so that naming a location loads no SDK.
 *
 * @module
 */

import type { HttpSettings } from '../http-agents.ts';

/** Credentials that are given, not found by the SDK. */
export interface S3Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** A role that is assumed: its temporary credentials are used, and renewed. */
export interface S3Role {
  readonly arn: string;
  readonly sessionName: string;
  /** A file with the token of a web identity (IRSA). Without it the role is assumed with the credentials. */
  readonly webIdentityTokenFile?: string;
  /** Where STS is, other than AWS's own. */
  readonly stsEndpoint?: string;
}

/** How the store is asked to encrypt what is written. */
export type S3Encryption =
  | { readonly kind: 'AES256' }
  | { readonly kind: 'aws:kms'; readonly keyId: string }
  /** The customer's own key (SSE-C), 32 bytes in base64: sent with every request for an object, kept by nobody. */
  | { readonly kind: 'customer'; readonly key: string };

/** An archive in a bucket of S3, or of anything that speaks S3. */
export interface S3Location extends HttpSettings {
  readonly kind: 's3';
  readonly bucket: string;
  /** The part of every key before the archive's own, without `/` at its ends; may be empty. */
  readonly prefix: string;
  /** Not given: what the SDK finds unless there is an endpoint, else `us-east-1`; a redirect is followed. */
  readonly region?: string;
  /** Another server than AWS's. Without a scheme it is `https`. */
  readonly endpoint?: string;
  /** `endpoint/bucket/key` in place of `bucket.endpoint/key`. */
  readonly forcePathStyle?: boolean;
  /** Not given: the SDK's own chain (environment, profile, web identity, container, instance metadata). */
  readonly credentials?: S3Credentials;
  readonly role?: S3Role;
  /** Not given: what the bucket is set to. */
  readonly encryption?: S3Encryption;
  /** AWS's addresses that answer over IPv6 too. */
  readonly isDualStack?: boolean;
  /** Sent with every upload, such as `STANDARD_IA`. */
  readonly storageClass?: string;
  /** Every object that is written is locked for so long; the bucket must know object locks. */
  readonly retention?: { readonly mode: 'GOVERNANCE' | 'COMPLIANCE'; readonly seconds: number };
  /**
   * Bodies larger than this are sent in parts of it; 5 MiB or more. Not given: {@link DEFAULT_PART_SIZE_BYTES}, and bodies
   * that are in memory up to {@link WHOLE_BODY_BYTES} in one request.
   */
  readonly maxPartSizeBytes?: number;
}

/** 10,000 parts, which is the most of S3, are 48 GiB. A dozen are in memory in a backup (docs/benchmarks.md). WAL-G's is 20 MiB. */
export const DEFAULT_PART_SIZE_BYTES = 5 * 1024 * 1024;

/** Parts of what is in memory as it is spare no memory, and cost requests: segments of WAL are such. */
export const WHOLE_BODY_BYTES = 20 * 1024 * 1024;
