/**
 * Secrets within a value of Patroni's configuration, marked as such.
 *
 * @module
 */

import type { ConfigValue } from './container-plan.ts';
import { Secret } from './secret.ts';
import { isMapping } from './user-yaml.ts';

const SECRET_KEY = /(password|secret|token|passphrase|access_key|auth_data)$/i;

/** The value with its secrets marked: all of its texts and numbers if it is one itself, otherwise those below such a key. */
export function markSecrets(value: ConfigValue, isSecret: boolean): ConfigValue {
  if (value instanceof Secret) return value;
  if (Array.isArray(value)) return value.map((one: ConfigValue) => markSecrets(one, isSecret));
  if (isMapping(value)) {
    return Object.fromEntries(
      Object.entries(value).map(([key, one]) => [key, markSecrets(one, isSecret || SECRET_KEY.test(key))]),
    );
  }
  return isSecret && (typeof value === 'string' || typeof value === 'number') ? new Secret(String(value)) : value;
}
