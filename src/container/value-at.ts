/**
 * One value of a configuration, by the keys that lead to it.
 *
 * @module
 */

import type { ConfigMap, ConfigValue } from './container-plan.ts';
import { isMapping } from './user-yaml.ts';

/** `undefined` if there is none. */
export function valueAt(configuration: ConfigMap, ...keys: readonly string[]): ConfigValue | undefined {
  let found: ConfigValue | undefined = configuration;
  for (const key of keys) found = isMapping(found) && Object.hasOwn(found, key) ? found[key] : undefined;
  return found;
}

/** The mapping there, or an empty one. */
export function mapAt(configuration: ConfigMap, ...keys: readonly string[]): ConfigMap {
  const found = valueAt(configuration, ...keys);
  return isMapping(found) ? found : {};
}

/** The configuration with one value set; mappings on the way are made. */
export function withValueAt(configuration: ConfigMap, keys: readonly string[], value: ConfigValue): ConfigMap {
  const [key, ...rest] = keys;
  if (key === undefined) return configuration;
  return {
    ...configuration,
    [key]: rest.length === 0 ? value : withValueAt(mapAt(configuration, key), rest, value),
  };
}

/** The configuration without one key. */
export function without(configuration: ConfigMap, ...keys: readonly string[]): ConfigMap {
  const [key, ...rest] = keys;
  if (key === undefined || !Object.hasOwn(configuration, key)) return configuration;
  if (rest.length > 0) return { ...configuration, [key]: without(mapAt(configuration, key), ...rest) };
  return Object.fromEntries(Object.entries(configuration).filter(([name]) => name !== key));
}
