/**
 * What a bundle in pieces loses: of a package in CommonJS that is loaded on demand, `import()` finds the default export alone, so that
 * each name of it is `undefined` in the bundle and there in the source. A module of ours that exports the names is loaded in its place.
 *
 * Pure.
 *
 * @module
 */

import type { Metafile } from 'esbuild';

/** Each as `file: package`. @param inputs of a build with `metafile`. */
export function lostNames(inputs: Metafile['inputs']): string[] {
  return Object.entries(inputs).flatMap(([file, { imports, format }]) => {
    // Packages among themselves know what they load.
    if (format === 'cjs' || file.includes('node_modules/')) return [];
    return imports
      .filter(({ path, kind }) => kind === 'dynamic-import' && inputs[path]?.format === 'cjs')
      .map(({ path, original }) => `${file}: ${original ?? path}`);
  });
}
