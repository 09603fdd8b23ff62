/**
 * What the locations of all stores are made with.
 *
 * @module
 */

/** Leaves out what is `undefined`, as optional members want it. */
export function defined<T extends object>(members: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
