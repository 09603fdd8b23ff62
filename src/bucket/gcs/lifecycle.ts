/**
 * The lifecycle of a bucket in Google Cloud Storage, decided: what is missing, and what must not be.
 *
 * Rules that others made stay; one that deletes current objects of the archive is refused.
 *
 * Source: Cloud Storage, "Object Lifecycle Management", "Bucket: lifecycle".
 *
 * @module
 */

import { isFields } from '../../storage/gcs/object-resource.ts';
import type { Fields } from './google-api.ts';

/** What the rules shall do. */
export interface LifecycleWish {
  /** The archive's part of the bucket, ending with `/` unless it is empty. */
  readonly prefix: string;
  readonly versionDays: number;
  readonly uploadDays: number;
}

/** What is to be done about the rules that were found. */
export interface LifecycleVerdict {
  readonly rules: readonly Fields[];
  readonly isDone: boolean;
  /** Rules that delete current objects of the archive, in words. */
  readonly expiring: readonly string[];
}

/** Conditions under which only versions that are not current are meant. */
const NOT_CURRENT = ['daysSinceNoncurrentTime', 'noncurrentTimeBefore', 'numNewerVersions'];
/** Conditions that keep a rule from some objects, beside the prefix. */
const FOR_SOME = ['matchesSuffix', 'matchesStorageClass', 'customTimeBefore', 'daysSinceCustomTime', 'createdBefore'];

const typeOf = (rule: Fields): unknown => (isFields(rule['action']) ? rule['action']['type'] : undefined);
const conditionOf = (rule: Fields): Fields => (isFields(rule['condition']) ? rule['condition'] : {});

function prefixesOf(rule: Fields): readonly string[] {
  const prefixes = conditionOf(rule)['matchesPrefix'];
  return Array.isArray(prefixes) ? prefixes.map(String) : [''];
}

function deletesCurrent(rule: Fields): boolean {
  const condition = conditionOf(rule);
  if (typeOf(rule) !== 'Delete' || condition['isLive'] === false) return false;
  return NOT_CURRENT.every((name) => condition[name] === undefined);
}

const touches = (rule: Fields, prefix: string): boolean =>
  prefixesOf(rule).some((one) => one.startsWith(prefix) || prefix.startsWith(one));

const covers = (rule: Fields, prefix: string): boolean =>
  prefixesOf(rule).some((one) => prefix.startsWith(one)) &&
  FOR_SOME.every((name) => conditionOf(rule)[name] === undefined);

const below = (prefix: string): Fields => (prefix === '' ? {} : { matchesPrefix: [prefix] });

function versionsRule({ prefix, versionDays }: LifecycleWish): Fields {
  const condition = { daysSinceNoncurrentTime: versionDays, isLive: false, ...below(prefix) };
  return { action: { type: 'Delete' }, condition };
}

function uploadsRule({ prefix, uploadDays }: LifecycleWish): Fields {
  return { action: { type: 'AbortIncompleteMultipartUpload' }, condition: { age: uploadDays, ...below(prefix) } };
}

/** A rule has no name here: ours is the one of this form for exactly this prefix. */
function isOwnVersions(rule: Fields, { prefix }: LifecycleWish): boolean {
  const condition = conditionOf(rule);
  const names = Object.keys(condition).filter((name) => name !== 'matchesPrefix');
  return (
    typeOf(rule) === 'Delete' &&
    JSON.stringify(prefixesOf(rule)) === JSON.stringify([prefix]) &&
    names.toSorted().join(',') === 'daysSinceNoncurrentTime,isLive' &&
    condition['isLive'] === false
  );
}

/** Decides. `found`: the rules of the bucket, all of them. */
export function decideLifecycle(found: readonly Fields[], wish: LifecycleWish): LifecycleVerdict {
  const own = found.find((rule) => isOwnVersions(rule, wish));
  const isOwnRight = own !== undefined && conditionOf(own)['daysSinceNoncurrentTime'] === wish.versionDays;
  const othersKeep = found.some(
    (rule) => rule !== own && typeOf(rule) === 'Delete' && !deletesCurrent(rule) && covers(rule, wish.prefix),
  );
  const hasUploads = found.some(
    (rule) => typeOf(rule) === 'AbortIncompleteMultipartUpload' && covers(rule, wish.prefix),
  );
  const hasVersions = isOwnRight || (own === undefined && othersKeep);
  return {
    isDone: hasVersions && hasUploads,
    rules: [
      ...found.filter((rule) => hasVersions || rule !== own),
      ...(hasVersions ? [] : [versionsRule(wish)]),
      ...(hasUploads ? [] : [uploadsRule(wish)]),
    ],
    expiring: found
      .filter((rule) => deletesCurrent(rule) && touches(rule, wish.prefix))
      .map((rule) => `Delete when ${JSON.stringify(conditionOf(rule))}`),
  };
}
