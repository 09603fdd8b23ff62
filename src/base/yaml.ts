/**
 * YAML, as a module that is loaded on demand: of a package in CommonJS that is loaded so by itself the bundle would keep no name
 * (`scripts/lost-names.ts`).
 *
 * @module
 */

export { parse } from 'yaml';
