/**
 * What one setting is. The table of them all is `settings.ts`; files, environment, flags, help and the reference page
 * are derived from it.
 *
 * @module
 */

import type { ValueKind } from './value-kind.ts';

/** Settings are accepted by the commands that name their group. */
export type SettingGroup =
  | 'general'
  | 'archive'
  | 'writing'
  | 'server'
  | 'recovery'
  | 'keep'
  | 'agent'
  | 'control'
  | 'kubernetes';

/** The definition of one setting. */
export interface Setting<T = unknown> {
  readonly group: SettingGroup;
  readonly kind: ValueKind<T>;
  /** What it changes: one or two sentences, the unit in words. */
  readonly summary: string;
  /** As one would write it. No default: the setting may be absent, and `summary` says what happens then. */
  readonly default?: string;
  readonly example: string;
  /** Environment variables looked up after `WALKBACK_…`, in this order. */
  readonly alsoFrom?: readonly string[];
  /** Never shown, never a flag (command lines are readable by every user of the host). */
  readonly secret?: true;
  /** The flag's name where it is not the setting's own. */
  readonly flag?: string;
  /** WAL-G's spelling of something that has a better name here: taken from the environment alone. */
  readonly environmentOnly?: true;
}

/** `uploadConcurrency` → `upload-concurrency`: the key in walkback.yaml and the flag. */
export function kebabCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** `uploadConcurrency` → `WALKBACK_UPLOAD_CONCURRENCY`. */
export function environmentName(name: string): string {
  return `WALKBACK_${kebabCase(name).replaceAll('-', '_').toUpperCase()}`;
}

/** WAL-G's lookup order for the settings of its stores: `NAME`, `WALG_NAME`, `WALE_NAME` (its `storage_adapter.go`). */
export function walgNames(...names: readonly string[]): readonly string[] {
  return names.flatMap((name) => [name, `WALG_${name}`, `WALE_${name}`]);
}
