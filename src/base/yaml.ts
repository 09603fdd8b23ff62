/**
 * YAML that people wrote, as a module that is loaded on demand: of a package in CommonJS that is loaded so by itself the bundle would
 * keep no name (`scripts/lost-names.ts`).
 *
 * @module
 */

import { parse } from 'yaml';

/** @throws what the package says of text that is not YAML, names a key twice, or refers to itself, by which a little becomes much. */
export function parseYaml(text: string): unknown {
  return parse(text, { uniqueKeys: true, maxAliasCount: 0 });
}
