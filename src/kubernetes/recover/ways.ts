/**
 * The ways by which rehearsed data become the live cluster's.
 *
 * | way | what changes | what keeps the data from before |
 * |---|---|---|
 * | `rebind` | the rehearsed volume is bound to the live claim's name | its volume, bound to a claim that says what it is |
 * | `in-volume` | a directory in the live claim is renamed | the directory beside it |
 * | `recreate` | the StatefulSet, made anew with another claim template | its claim, as it is |
 * | `clone` | the claim, which a bootstrap of the cluster's own image fills | its volume, as with `rebind` |
 *
 * @module
 */

/** All ways, the best first. */
export const WAYS = ['rebind', 'in-volume', 'recreate', 'clone'] as const;

/** One of them. */
export type Way = (typeof WAYS)[number];
