/**
 * The contract of a cluster that Patroni runs: what a recovery needs besides exchanging the data of one server.
 *
 * The other members follow whoever leads, and know a history that a recovery leaves. So Patroni is paused while the data
 * is exchanged, forgets how far the leader had got, and starts on the recovered data as the leader that it was; then every
 * other member is rebuilt from it before Patroni may let any of them lead again.
 *
 * What every kind promises: calls that have been made already succeed; those that need the DCS throw `unavailable` while
 * it does not answer, and change nothing then.
 *
 * @module
 */

/** One member as the plan shows it. */
export interface SurveyedMember {
  readonly name: string;
  /** `leader`, `replica`, `standby_leader`, `uninitialized` … Patroni's `master` and `primary` both are `leader`. */
  readonly role: string;
  /** Patroni's word: `running`, `streaming`, `stopped` … */
  readonly state: string;
  readonly timeline: number | null;
  /** How far it is behind the leader, in bytes, decimal; `null` where that is not known. */
  readonly lagBytes: string | null;
  /** Host and port of its server. */
  readonly address: string | null;
  /** Those that are set: `nofailover`, `clonefrom`, `replicatefrom: NAME` … */
  readonly tags: readonly string[];
  /** It has answered when it was asked. */
  readonly isReachable: boolean;
}

/** What Patroni says of its cluster. JSON as it is: it is part of plans. */
export interface PatroniSurvey {
  readonly scope: string;
  /** The member on this host. */
  readonly memberName: string;
  readonly version: string | null;
  readonly leader: string | null;
  readonly members: readonly SurveyedMember[];
  readonly isPaused: boolean;
  /** A switchover or failover that somebody has asked for. */
  readonly switchover: { readonly candidate: string | null; readonly scheduledAt: string | null } | null;
  readonly isStandbyCluster: boolean;
  readonly synchronousMode: 'off' | 'on' | 'strict' | 'quorum' | 'quorum, strict';
  readonly synchronousStandbys: readonly string[];
  readonly isFailsafe: boolean;
  /** Slots that the dynamic configuration keeps. */
  readonly permanentSlots: readonly string[];
  /** Names of server parameters in the dynamic configuration; these stay as they are. */
  readonly parameters: readonly string[];
  readonly ttlSeconds: number;
  readonly loopWaitSeconds: number;
  /** How Patroni on this host is stopped and started. */
  readonly commands: { readonly stop: string; readonly start: string };
}

/** Who has said that they are paused. */
export interface PauseOutcome {
  readonly acknowledged: readonly string[];
  /** Members in the DCS that do not answer: they may be dead. */
  readonly unreachable: readonly string[];
}

/** A role that Patroni needs, with the password that its configuration says. */
export interface NeededRole {
  readonly purpose: 'superuser' | 'replication' | 'rewind';
  readonly user: string;
  /** `undefined`: another way of authentication, or none. */
  readonly password: string | undefined;
}

/** How a replica came to follow the leader. */
export type RebuildOutcome = 'accepted' | 'rebuilt' | 'absent';

/** What a recovery does with Patroni. */
export interface PatroniControl {
  readonly memberName: string;
  /** Looks, and changes nothing. */
  survey(): Promise<PatroniSurvey>;
  /** Waits until no switchover is under way. @throws {Failure} `refused`, `unavailable` if one stays. */
  untilNoSwitchover(): Promise<void>;
  /** Keeps every member as it is, until {@link resume}: waits until each one that answers has said so. */
  pause(): Promise<PauseOutcome>;
  resume(): Promise<void>;
  /** Ends Patroni on this host, and proves it. PostgreSQL must be stopped: a paused Patroni leaves it running. */
  stopPatroni(): Promise<void>;
  /** Starts Patroni on this host, and waits until it answers. What it does with PostgreSQL is `Cluster.start`. */
  startPatroni(): Promise<void>;
  /** Lets the DCS forget how far the leader had got, its slots, and which standby was synchronous. Nothing else. */
  clearStatus(): Promise<void>;
  /** The other members, those that are in the DCS now and those of `known`. */
  otherMembers(known: readonly string[]): Promise<readonly string[]>;
  /** Makes a member follow the leader: nothing if it is proven to already, else it is copied anew, and proven then. */
  rebuild(member: string): Promise<RebuildOutcome>;
  /** The roles of Patroni's own connections. */
  neededRoles(): readonly NeededRole[];
}
