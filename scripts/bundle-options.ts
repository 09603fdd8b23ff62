/**
 * How the program is bundled: what `npm run build` and the benchmarks have in common.
 *
 * @module
 */

import type { BuildOptions } from 'esbuild';

/** Native packages, and those that come with a licence of their own: dependencies of the package, outside the bundle. */
export const OUTSIDE_BUNDLE = ['lz4-napi', 'pg-native', 'sodium-native', 'openpgp', 'ssh2', 'cpu-features'];

/** Split where code is loaded on demand, and flat: a worker is started from the file beside the chunk that asks for it. */
export function bundleOptions(entryPoints: readonly string[], outdir: string): BuildOptions {
  return {
    entryPoints: [...entryPoints],
    outdir,
    entryNames: '[name]',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    external: [...OUTSIDE_BUNDLE],
    // Packages in CommonJS call require(), which a module does not have.
    banner: {
      js: "import { createRequire as createRequire_ } from 'node:module'; const require = createRequire_(import.meta.url);",
    },
    logLevel: 'warning',
  };
}
