/**
 * What is known of one variable of Spilo's: what it means here, or why it is refused.
 *
 * @module
 */

/** A variable of the container. */
export interface ContainerVariable {
  readonly name: string;
  /** What it means: a sentence or two. */
  readonly summary: string;
  /** As one would write it, or in words. */
  readonly default?: string;
  readonly secret?: true;
  /** Not supported: any value but these is refused at start. */
  readonly refused?: {
    readonly why: string;
    readonly instead: string;
    /** Values that ask for nothing. The empty one always does. */
    readonly unless?: readonly string[];
  };
  /** Also with `CLONE_` or `STANDBY_` before it, for another archive. */
  readonly ofArchive?: true;
}

/** Variables that belong together, as the reference page has them. */
export interface VariableGroup {
  readonly title: string;
  readonly variables: readonly ContainerVariable[];
}
