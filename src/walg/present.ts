/**
 * Optional properties: absent rather than `undefined`, so that what is spread, compared or written has them or has not.
 *
 * @module
 */

type Present<T> = { [K in keyof T]: Exclude<T[K], undefined> };

/** The properties that have a value. */
export function present<T extends object>(properties: T): Partial<Present<T>> {
  const kept = Object.entries(properties).filter(([, value]) => value !== undefined);
  // `Object.fromEntries` forgets the keys' names; the filter is what the type says.
  return Object.fromEntries(kept) as Partial<Present<T>>;
}
