/**
 * What `walkback entrypoint` does with an environment: one value, made before anything is written or started.
 *
 * `planContainer` makes it from the environment and a few facts of the machine. It is printed by
 * `walkback entrypoint --print`, with its secrets masked; the run writes its files, proves its preconditions and starts
 * Patroni and the agent, and decides nothing anew.
 *
 * @module
 */

import type { Secret } from './secret.ts';

/** A value of Patroni's configuration. */
export type ConfigValue = string | number | boolean | null | Secret | readonly ConfigValue[] | ConfigMap;

/** A mapping of Patroni's configuration. */
export interface ConfigMap {
  readonly [key: string]: ConfigValue;
}

/** A directory of variables, one file each, for `walkback --env-dir`. Mode 0700, the files 0600; nothing else is in it. */
export interface EnvDirectory {
  readonly path: string;
  readonly variables: Readonly<Record<string, string | Secret>>;
}

/** A file that is written at every start, before anything is started. */
export interface PlannedFile {
  readonly path: string;
  readonly mode: number;
  readonly content: string | Secret;
}

/** Where things are. All absolute. */
export interface ContainerPaths {
  /** PGHOME. */
  readonly home: string;
  /** PGROOT. */
  readonly root: string;
  /** PGDATA. */
  readonly dataDirectory: string;
  /** PGLOG. */
  readonly logDirectory: string;
  /** RW_DIR: what is written at every start. */
  readonly runDirectory: string;
  /** The folder of PostgreSQL's socket. */
  readonly socketDirectory: string;
  readonly certificateDirectory: string;
  /** WALE_TMPDIR. */
  readonly temporaryDirectory: string;
  /** The spool of the agent, beside the data directory. */
  readonly spoolDirectory: string;
}

/** A role that has to be there after a bootstrap. */
export interface PlannedUser {
  readonly name: string;
  readonly password: Secret | undefined;
  /** Words behind `create role`: `createrole`, `createdb` … */
  readonly options: readonly string[];
}

/** The roles. */
export interface PlannedUsers {
  readonly superuser: { readonly name: string; readonly password: Secret };
  readonly replication: { readonly name: string; readonly password: Secret };
  /** Made by post_init: the administrator and what `bootstrap.users` names. */
  readonly others: readonly PlannedUser[];
  /** HUMAN_ROLE: a role without login, to which people's roles are granted. */
  readonly human: string;
}

/** Patroni: its file, what is in it, and what its process is given. */
export interface PlannedPatroni {
  readonly path: string;
  readonly configuration: ConfigMap;
  /** The whole environment of its process; no secret is among it. */
  readonly environment: Readonly<Record<string, string>>;
}

/** Where an archive is, and the variables by which walkback reaches it. */
export interface PlannedArchive {
  /** `s3://bucket/prefix`, `gs://…`, `azure://…`, `ssh://…`, as WAL-G's prefix variable has it. */
  readonly address: string;
  readonly environment: EnvDirectory;
}

/** What the agent does on its own account. */
export interface PlannedAgent {
  /** As crontab writes it. */
  readonly backupSchedule: string;
  /** The agents of replicas take the backups that are due. */
  readonly isFromReplica: boolean;
  /** How many full backups stay, at least. */
  readonly keepFull: number;
  /** How many days every moment stays reachable, at least. */
  readonly keepDays: number;
}

/** The target of a clone, as `walkback bootstrap clone` is given it. */
export interface CloneTarget {
  /** Microseconds since the Unix epoch; `undefined`: everything the archive has. */
  readonly timeUs: bigint | undefined;
  /** False: what was committed at that very microsecond is left out. */
  readonly isInclusive: boolean;
  /** `undefined`: the line of history that has the target. */
  readonly timeline: number | undefined;
}

/** A clone, done once, when the cluster is not initialised. */
export type PlannedClone =
  | {
      readonly kind: 'archive';
      /** CLONE_SCOPE; it names the directory of variables. */
      readonly scope: string | undefined;
      readonly archive: PlannedArchive;
      /**
       * Where to look, first to last: the address, and for a bucket in which Spilo has a folder for each major, those of
       * the majors that are not newer than this one. Every address ends without a slash.
       */
      readonly addresses: readonly string[];
      readonly target: CloneTarget;
    }
  | {
      readonly kind: 'basebackup';
      readonly scope: string;
      /** PGHOST, PGPORT, PGUSER and PGPASSWORD of the server that is copied. */
      readonly environment: EnvDirectory;
    };

/** The primary, or the archive, that a standby cluster follows. */
export interface PlannedStandby {
  readonly host: string | undefined;
  readonly port: number | undefined;
  readonly slotName: string | undefined;
  readonly archive: PlannedArchive | undefined;
}

/** A certificate with its key: there already (`existing`), written from the environment, or made when it is absent. */
export interface PlannedCertificate {
  readonly source: 'existing' | 'environment' | 'selfSigned';
  readonly certificateFile: string;
  readonly keyFile: string;
  readonly caFile?: string;
  readonly crlFile?: string;
}

/** What is done again and again beside PostgreSQL. */
export interface PlannedJob {
  readonly name: 'backup' | 'prune' | 'reload certificates';
  readonly by: 'agent' | 'supervisor';
  /** For people: `0 1 * * *`, `every 5 min`. */
  readonly when: string;
  /** Files that are watched. */
  readonly files?: readonly string[];
}

/** What must be proven outside this plan, before anything is started. */
export interface ContainerPrecondition {
  /**
   * `archiveIsOurs`: the archive is empty, or holds this cluster's backups and WAL (F-12).
   * `cloneIsReachable`: the archive of the clone can be read with its credentials, and its newest backup is not of a newer
   * major than this one (F-05, F-16); or the server that is copied can be copied by the role that is named, is of this
   * major, and what the copy will write is an archive without WAL. Only of a cluster that is not initialised.
   */
  readonly kind: 'archiveIsOurs' | 'cloneIsReachable';
  readonly says: string;
}

/** The plan. */
export interface ContainerPlan {
  /** SCOPE: Patroni's scope. */
  readonly scope: string;
  /** The member's name in the cluster. */
  readonly memberName: string;
  /** NAMESPACE: of Kubernetes, or the root of the keys elsewhere. `undefined`: the default one. */
  readonly namespace: string | undefined;
  readonly major: number;
  readonly binDirectory: string;
  /** The data directory holds a cluster already: nothing is bootstrapped, and CLONE_* means nothing. */
  readonly hasData: boolean;
  /** False: nothing names the major, and it is the newest of the image. A clone then gets that of its backup; who joins a cluster, the cluster's. */
  readonly isMajorNamed: boolean;
  readonly paths: ContainerPaths;
  readonly ports: {
    readonly postgres: number;
    readonly restApi: number;
    /** HEALTHPORT: probes and metrics, read only. The agent's own metrics are behind it, at the next port of the loopback interface. */
    readonly health: number;
  };
  readonly users: PlannedUsers;
  readonly patroni: PlannedPatroni;
  /** Always there, so that commands typed in the container find the server; with an archive, it too. */
  readonly environment: EnvDirectory;
  /** `undefined`: no archive is set, WAL is thrown away as it was with Spilo, and there is no agent. */
  readonly archive: PlannedArchive | undefined;
  readonly agent: PlannedAgent | undefined;
  readonly clone: PlannedClone | undefined;
  readonly standby: PlannedStandby | undefined;
  readonly certificate: PlannedCertificate;
  readonly files: readonly PlannedFile[];
  readonly jobs: readonly PlannedJob[];
  readonly preconditions: readonly ContainerPrecondition[];
  readonly warnings: readonly string[];
}
