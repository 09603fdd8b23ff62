/**
 * What Patroni gives every bootstrap, and what all of them take.
 *
 * @module
 */

import { path, repeated, text } from './options.ts';

/** For the `options` of a bootstrap. */
export const BOOTSTRAP_OPTIONS = {
  datadir: path('The data directory that the cluster is to appear in (Patroni adds it)'),
  scope: text("Patroni's scope (Patroni adds it)", 'NAME'),
  bin: repeated(path("A folder with PostgreSQL's programs, of any major; the usual folders are looked in after it")),
} as const;
