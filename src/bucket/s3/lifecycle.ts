/**
 * The lifecycle of a bucket in S3, decided: what is missing, and what must not be.
 *
 * A rule that expires current objects takes backups and WAL away while everything says that they are there. It is never
 * set, and a bucket that has one over the archive is not adopted. Rules that others made stay.
 *
 * Source: Amazon S3 API reference, `LifecycleRule`.
 *
 * @module
 */

import type { LifecycleRule } from '@aws-sdk/client-s3';

/** What the rules shall do. */
export interface LifecycleWish {
  /** The archive's part of the bucket, ending with `/` unless it is empty. */
  readonly prefix: string;
  readonly versionDays: number;
  /** `undefined`: the server takes unfinished uploads away by itself, and has no rule for it. */
  readonly uploadDays: number | undefined;
}

/** What is to be done about the rules that were found. */
export interface LifecycleVerdict {
  /** Every rule, those of others included, as they shall be. */
  readonly rules: readonly LifecycleRule[];
  readonly isDone: boolean;
  /** Rules that expire current objects of the archive, by their ids. */
  readonly expiring: readonly string[];
  /** Rules that move objects to where they cannot be read at once. */
  readonly freezing: readonly string[];
}

const SLOW_CLASSES = new Set<string | undefined>(['GLACIER', 'DEEP_ARCHIVE']);

function prefixOf({ Filter: filter, Prefix: old }: LifecycleRule): string {
  return filter?.Prefix ?? filter?.And?.Prefix ?? old ?? '';
}

/** True if the rule is for objects with certain tags or sizes only. */
function isForSome({ Filter: filter }: LifecycleRule): boolean {
  const { Prefix: _prefix, ...others } = filter?.And ?? {};
  const { Prefix: _own, And: _and, ...alone } = filter ?? {};
  return [...Object.values(others), ...Object.values(alone)].some((value) => value !== undefined);
}

const touches = (rule: LifecycleRule, prefix: string): boolean =>
  prefixOf(rule).startsWith(prefix) || prefix.startsWith(prefixOf(rule));

const covers = (rule: LifecycleRule, prefix: string): boolean => prefix.startsWith(prefixOf(rule)) && !isForSome(rule);

function nameOf(rule: LifecycleRule): string {
  return rule.ID ?? `the rule for ${JSON.stringify(prefixOf(rule))}`;
}

function expiresCurrent({ Expiration: expiration }: LifecycleRule): boolean {
  return expiration?.Days !== undefined || expiration?.Date !== undefined;
}

function isSlow({ Transitions: transitions }: LifecycleRule): boolean {
  return transitions?.some(({ StorageClass }) => SLOW_CLASSES.has(StorageClass)) === true;
}

const versionsId = (prefix: string): string => `walkback-versions ${prefix}`.trim();
const uploadsId = (prefix: string): string => `walkback-uploads ${prefix}`.trim();

function versionsRule({ prefix, versionDays }: LifecycleWish): LifecycleRule {
  return {
    ID: versionsId(prefix),
    Status: 'Enabled',
    Filter: { Prefix: prefix },
    NoncurrentVersionExpiration: { NoncurrentDays: versionDays },
    // A marker whose versions are all gone hides nothing any more.
    Expiration: { ExpiredObjectDeleteMarker: true },
  };
}

function uploadsRule({ prefix }: LifecycleWish, days: number): LifecycleRule {
  return {
    ID: uploadsId(prefix),
    Status: 'Enabled',
    Filter: { Prefix: prefix },
    AbortIncompleteMultipartUpload: { DaysAfterInitiation: days },
  };
}

/** Decides. `found`: the rules of the bucket, all of them. */
export function decideLifecycle(found: readonly LifecycleRule[], wish: LifecycleWish): LifecycleVerdict {
  const { prefix, versionDays, uploadDays } = wish;
  const active = found.filter(({ Status }) => Status === 'Enabled');
  const over = active.filter((rule) => touches(rule, prefix));
  const versions = active.find((rule) => rule.ID === versionsId(prefix));
  const uploads = active.find((rule) => rule.ID === uploadsId(prefix));
  // Whoever set another time for all versions meant it.
  const othersKeep = active.some(
    (rule) =>
      rule !== versions && covers(rule, prefix) && rule.NoncurrentVersionExpiration?.NoncurrentDays !== undefined,
  );
  const othersAbort = active.some(
    (rule) => rule !== uploads && covers(rule, prefix) && rule.AbortIncompleteMultipartUpload !== undefined,
  );
  const hasVersions = othersKeep || versions?.NoncurrentVersionExpiration?.NoncurrentDays === versionDays;
  const hasUploads =
    uploadDays === undefined ||
    othersAbort ||
    uploads?.AbortIncompleteMultipartUpload?.DaysAfterInitiation === uploadDays;
  const replaced = new Set([...(hasVersions ? [] : [versionsId(prefix)]), ...(hasUploads ? [] : [uploadsId(prefix)])]);
  return {
    isDone: hasVersions && hasUploads,
    rules: [
      ...found.filter(({ ID }) => !replaced.has(ID ?? '')),
      ...(hasVersions ? [] : [versionsRule(wish)]),
      ...(hasUploads || uploadDays === undefined ? [] : [uploadsRule(wish, uploadDays)]),
    ],
    expiring: over.filter(expiresCurrent).map(nameOf),
    freezing: over.filter(isSlow).map(nameOf),
  };
}
