/**
 * What `dcs.py show` answers, checked. Patroni's members write most of it, of several versions, so what is not needed here
 * is not looked at.
 *
 * Source: patroni/dcs/__init__.py (Cluster, Member, Failover, SyncState, Status) and patroni/ha.py (touch_member).
 *
 * @module
 */

import { Failure } from '../../base/failure.ts';

/** An object of JSON. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** One member's key. It goes away `ttl` seconds after the member has died. */
export interface DcsMember {
  readonly name: string;
  /** `http://10.0.0.1:8008/patroni` */
  readonly apiUrl: string | undefined;
  /** `postgres://10.0.0.1:5432/postgres` */
  readonly connUrl: string | undefined;
  /** `primary` (`master` before Patroni 4), `replica`, `standby_leader`, `uninitialized` … */
  readonly role: string;
  /** `running`, `streaming`, `in archive recovery`, `stopped`, `start failed` … */
  readonly state: string;
  readonly timeline: number | undefined;
  /** Its own WAL position, in bytes. */
  readonly lsnBytes: bigint | undefined;
  readonly isPaused: boolean;
  readonly tags: JsonObject;
  readonly version: string | undefined;
}

/** A switchover or failover that somebody has asked for. */
export interface DcsFailover {
  readonly leader: string | undefined;
  readonly candidate: string | undefined;
  /** RFC 3339; `undefined`: at once. */
  readonly scheduledAt: string | undefined;
}

/** Where a timeline ended, as the leader of the next one has written it. */
export interface DcsSwitch {
  readonly timeline: number;
  /** The first byte that is no longer that timeline's. */
  readonly switchLsnBytes: bigint;
}

/** Every key of one scope. */
export interface DcsKeys {
  /** The system identifier; empty while somebody bootstraps; `undefined` before. */
  readonly initialize: string | undefined;
  /** The dynamic configuration. */
  readonly config: JsonObject | undefined;
  readonly leader: string | undefined;
  readonly status: {
    readonly optimeBytes: bigint;
    readonly slots: readonly string[];
    /** Slots of members that are there or have been lately; Patroni before 4.0 keeps none. */
    readonly retainedSlots: readonly string[];
  };
  readonly members: readonly DcsMember[];
  readonly failover: DcsFailover | undefined;
  readonly sync: { readonly leader: string; readonly standbys: readonly string[] } | undefined;
  /** The line of history of the cluster: every timeline before the one it is on, oldest first. */
  readonly history: readonly DcsSwitch[];
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A value that is an object; an empty one otherwise. */
export function objectOr(value: unknown): JsonObject {
  return isObject(value) ? value : {};
}

/** A value that is a text with something in it. */
export function textOr(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** A value that is a whole number. */
export function integerOr(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) ? value : undefined;
}

function bytesOr(value: unknown): bigint | undefined {
  const whole = integerOr(value);
  return whole === undefined ? undefined : BigInt(whole);
}

/** The object in a text. @throws {Failure} `corrupt` if it holds none. */
export function parseObject(text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  if (isObject(value)) return value;
  throw new Failure('corrupt', {
    message: `cannot use what Patroni's library has answered: ${JSON.stringify(text.slice(0, 80))} is no JSON object`,
    remedy: 'Run "patronictl list" on this host and see what it says.',
  });
}

function memberOf(value: unknown): DcsMember[] {
  const member = objectOr(value);
  const name = textOr(member['name']);
  if (name === undefined) return [];
  return [
    {
      name,
      apiUrl: textOr(member['api_url']),
      connUrl: textOr(member['conn_url']),
      role: textOr(member['role']) ?? 'unknown',
      state: textOr(member['state']) ?? 'unknown',
      timeline: integerOr(member['timeline']),
      lsnBytes: bytesOr(member['xlog_location']),
      isPaused: member['pause'] === true,
      tags: objectOr(member['tags']),
      version: textOr(member['version']),
    },
  ];
}

function failoverOf(value: unknown): DcsFailover | undefined {
  if (!isObject(value)) return undefined;
  return {
    leader: textOr(value['leader']),
    candidate: textOr(value['candidate']),
    scheduledAt: textOr(value['scheduled_at']),
  };
}

function textsOr(value: unknown): string[] {
  return Array.isArray(value) ? value.flatMap((one: unknown) => textOr(one) ?? []) : [];
}

function syncOf(value: unknown): DcsKeys['sync'] {
  const sync = objectOr(value);
  const leader = textOr(sync['leader']);
  const standbys = textsOr(sync['sync_standby']);
  return leader === undefined ? undefined : { leader, standbys };
}

/** `[1, 67196376, "no recovery target specified", …]`: the fields of a line of a history file, and more behind them. */
function switchOf(value: unknown): DcsSwitch[] {
  if (!Array.isArray(value)) return [];
  const timeline = integerOr(value[0]);
  const switchLsnBytes = bytesOr(value[1]);
  return timeline === undefined || switchLsnBytes === undefined ? [] : [{ timeline, switchLsnBytes }];
}

/** The keys in what `show` has answered. */
export function parseDcsKeys(answer: JsonObject): DcsKeys {
  const status = objectOr(answer['status']);
  const members = Array.isArray(answer['members']) ? answer['members'] : [];
  const history = Array.isArray(answer['history']) ? answer['history'] : [];
  return {
    initialize: typeof answer['initialize'] === 'string' ? answer['initialize'] : undefined,
    config: isObject(answer['config']) ? answer['config'] : undefined,
    leader: textOr(answer['leader']),
    status: {
      optimeBytes: bytesOr(status['optime']) ?? 0n,
      slots: Object.keys(objectOr(status['slots'])),
      retainedSlots: textsOr(status['retain_slots']),
    },
    members: members.flatMap(memberOf),
    failover: failoverOf(answer['failover']),
    sync: syncOf(answer['sync']),
    history: history.flatMap(switchOf),
  };
}
