/**
 * What people give in SPILO_CONFIGURATION, over what the container makes: mappings are merged, a list replaces a list, and
 * a value that is null changes nothing.
 *
 * Source: Spilo `configure_spilo.py` (`deep_update`).
 *
 * @module
 */

import type { ConfigMap, ConfigValue } from './container-plan.ts';
import { isMapping } from './user-yaml.ts';

/** `user` over `own`. */
export function mergeConfiguration(user: ConfigMap, own: ConfigMap): ConfigMap {
  const merged: Record<string, ConfigValue> = { ...own };
  for (const [key, value] of Object.entries(user)) {
    const before = own[key];
    if (isMapping(value) && isMapping(before)) merged[key] = mergeConfiguration(value, before);
    else if (value !== null || before === undefined) merged[key] = value;
  }
  return merged;
}
