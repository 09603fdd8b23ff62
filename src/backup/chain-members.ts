/**
 * Which backups stay or go with others: a delta is of no use without what it builds on.
 *
 * @module
 */

import { parseBackupName } from '../walg/backup-names.ts';
import type { Backup } from './backup.ts';

type Link = Pick<Backup, 'name' | 'deltaFrom'>;

/** The names of `staying` and of all that they build on, each with the name of a backup that needs it, if it was added. */
export function withParents(backups: readonly Link[], staying: Iterable<string>): Map<string, string | undefined> {
  const byName = new Map(backups.map((backup) => [backup.name, backup]));
  const all = new Map<string, string | undefined>([...staying].map((name) => [name, undefined]));
  for (const name of all.keys()) {
    for (let child = byName.get(name); child?.deltaFrom !== undefined; child = byName.get(child.deltaFrom)) {
      // Its own parents are there, or come with it; and a chain that bites its tail ends.
      if (all.has(child.deltaFrom)) break;
      all.set(child.deltaFrom, child.name);
    }
  }
  return all;
}

/** The backups that one being taken may build on: those that begin in the segment that its name tells. */
export function parentsOfUnfinished<B extends Link>(backups: readonly B[], unfinishedName: string): B[] {
  const parent = parseBackupName(unfinishedName)?.parentSegmentName;
  if (parent === undefined) return [];
  return backups.filter(({ name }) => parseBackupName(name)?.segmentName === parent);
}

/** The names and those of all that build on them. */
export function withDescendants(backups: readonly Link[], names: ReadonlySet<string>): Set<string> {
  const all = new Set(names);
  for (let before = -1; before !== all.size;) {
    before = all.size;
    for (const { name, deltaFrom } of backups) if (deltaFrom !== undefined && all.has(deltaFrom)) all.add(name);
  }
  return all;
}

/** In groups: none builds on one of an earlier group. What is deleted in this order leaves no delta without its parent. */
export function childrenFirst<B extends Link>(backups: readonly B[]): B[][] {
  const groups: B[][] = [];
  let left = [...backups];
  while (left.length > 0) {
    const parents = new Set(left.flatMap(({ deltaFrom }) => deltaFrom ?? []));
    const group = left.filter(({ name }) => !parents.has(name));
    // A chain that bites its tail has no end to begin with.
    groups.push(group.length === 0 ? left : group);
    left = group.length === 0 ? [] : left.filter(({ name }) => parents.has(name));
  }
  return groups;
}
