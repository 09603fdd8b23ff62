/**
 * Whether a backup is being taken by anybody, as one agent sees it.
 *
 * A marker counts for an hour by itself, since what is behind it may only be deleted when its owner is surely dead. But nobody
 * has to wait for it that long: one at work renews it every minute, and one that was seen unchanged for
 * {@link SILENT_MS} is waited for no more.
 *
 * @module
 */

import type { MarkedBackup } from '../backup/running-marker.ts';

/** Five renewals are missing by then. */
export const SILENT_MS = 5 * 60_000;

/** What one agent has seen of markers. */
export class RunningBackups {
  readonly #seen = new Map<string, { readonly renewedMs: number; readonly sinceMs: number }>();

  /** True if one of those marked is at work. `steadyMs`: of a clock that is never set. */
  isAnyAtWork(marked: readonly MarkedBackup[], steadyMs: number): boolean {
    const names = new Set(marked.map(({ name }) => name));
    for (const name of this.#seen.keys()) if (!names.has(name)) this.#seen.delete(name);
    return marked.filter((one) => one.isAlive && !this.#isSilent(one, steadyMs)).length > 0;
  }

  #isSilent({ name, renewedAt }: MarkedBackup, steadyMs: number): boolean {
    const renewedMs = renewedAt.getTime();
    const known = this.#seen.get(name);
    if (known?.renewedMs === renewedMs) return steadyMs - known.sinceMs >= SILENT_MS;
    this.#seen.set(name, { renewedMs, sinceMs: steadyMs });
    return false;
  }
}
