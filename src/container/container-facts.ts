/**
 * What the plan of a container has to know of the machine, beside the environment. Gathered by `src/app`; nothing here
 * looks at anything.
 *
 * @module
 */

/** A PostgreSQL that is installed. */
export interface InstalledMajor {
  readonly major: number;
  /** The folder of `postgres`, `pg_ctl` and the others. */
  readonly binDirectory: string;
}

/** The facts. */
export interface ContainerFacts {
  /** Every PostgreSQL that is installed, in any order. */
  readonly installed: readonly InstalledMajor[];
  /** The text of PG_VERSION in the data directory, trimmed; `undefined` if the data directory holds none. */
  readonly dataVersion: string | undefined;
  /** Whether a path that the environment names is there and can be read. */
  readonly canRead: (path: string) => boolean;
  /** Every locale that is installed, as `locale -a` names it: `en_US.utf8`; `undefined` if it could not be asked for. */
  readonly locales: readonly string[] | undefined;
  /** The member's name: the host's. */
  readonly hostname: string;
  /** The first address that the host's name resolves to. */
  readonly hostAddress: string;
  readonly cpuCount: number;
  /** What the control group allows, or what the machine has where that is less. */
  readonly memoryBytes: number;
  readonly nowMs: number;
}
