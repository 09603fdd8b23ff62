/**
 * Looking into values that come from elsewhere and may be anything.
 *
 * @module
 */

/** A property of a value, an inherited one too (errors have some); `undefined` if it has none, or is no object. */
export function propertyOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}

/** A property of its own of a value that was read, as JSON is; `undefined` if it has none, or is no object. */
export function fieldOf(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? Object.getOwnPropertyDescriptor(value, key)?.value : undefined;
}

/** The value of a JSON text; `undefined` if it is none. */
export function parseJsonOrNothing(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
