/**
 * The name of a cluster: SCOPE, CLONE_SCOPE, STANDBY_SCOPE. It is part of keys, paths and addresses.
 *
 * @module
 */

import type { Reading } from './reading.ts';

/** Refuses a name that would change the path that it is part of. */
export function checkScope(reading: Reading, name: string): void {
  const scope = reading.get(name);
  if (scope === undefined || (/^[\w.-]+$/.test(scope) && !/^\.+$/.test(scope))) return;
  reading.refuse({
    of: name,
    found: `it is ${JSON.stringify(scope)}, and names a folder and keys`,
    remedy: 'Use letters, digits, dots, dashes and underscores.',
  });
}
