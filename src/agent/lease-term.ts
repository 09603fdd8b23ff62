/**
 * The objects by which agents share an archive: terms of the lease, and notes of who waits for it; and terms of the turn
 * to take a backup, which an agent of a replica may have too.
 *
 * ```
 * walkback_001/agents/lease/0000000000000042.json    who holds the archive, since this term; the highest number counts
 * walkback_001/agents/waiting/<ID>.json              another agent of a primary, which holds back
 * walkback_001/agents/backup/0000000000000007.json   who takes a backup, since this term; the highest number counts
 * ```
 *
 * What cannot be read as a term is one of a holder that nobody knows: it is waited for like any other.
 *
 * @module
 */

import { OWN_FOLDER } from '../backup/own-objects.ts';

/** An agent, as others see it. */
export interface AgentIdentity {
  /** Unique to one run of one agent. */
  readonly id: string;
  readonly hostname: string;
  readonly processSpace: string;
  readonly processId: number;
  readonly dataDirectory: string;
  /** RFC 3339, by its own clock: for people. */
  readonly startedAt: string;
}

/** One term of the lease. */
export interface LeaseTerm {
  readonly number: bigint;
  readonly holder: AgentIdentity;
  /** Its holder has given it up. */
  readonly isReleased: boolean;
  /** How long others wait for it, where that is longer than usual. */
  readonly expiresMs?: number;
  /** Of the holder's server; absent from what other versions write, and from terms of the turn. */
  readonly timeline?: number;
}

/** Of all that agents write for each other. */
export const AGENTS_FOLDER: string = `${OWN_FOLDER}agents/`;
export const LEASE_FOLDER: string = `${AGENTS_FOLDER}lease/`;
/** Of the turn to take a backup. */
export const BACKUP_TURN_FOLDER: string = `${AGENTS_FOLDER}backup/`;
export const WAITING_FOLDER: string = `${AGENTS_FOLDER}waiting/`;
/** More is read of no object here. */
export const MAX_AGENT_OBJECT_BYTES = 16 * 1024;

/** Nobody is waited for longer, whatever a term says. */
const MAX_EXPIRES_MS = 3_600_000;

const NUMBER_DIGITS = 16;
const UNKNOWN: AgentIdentity = {
  id: '',
  hostname: 'unknown',
  processSpace: '',
  processId: 0,
  dataDirectory: '',
  startedAt: '',
};

/** The key of a term. */
export function leaseKey(number: bigint, folder = LEASE_FOLDER): string {
  return `${folder}${number.toString().padStart(NUMBER_DIGITS, '0')}.json`;
}

/** The number of a term by its key; `undefined` if it is none. */
export function leaseNumberOf(key: string, folder = LEASE_FOLDER): bigint | undefined {
  const [, digits] = /^(\d{16})\.json$/.exec(key.slice(folder.length)) ?? [];
  return digits === undefined || !key.startsWith(folder) ? undefined : BigInt(digits);
}

/** The key of an agent's note that it waits. */
export function waitingKey({ id }: AgentIdentity): string {
  return `${WAITING_FOLDER}${id}.json`;
}

/** As stored. */
export function formatTerm({ holder, isReleased, expiresMs, timeline }: Omit<LeaseTerm, 'number'>): Buffer {
  return Buffer.from(`${JSON.stringify({ ...holder, released: isReleased, expiresMs, timeline })}\n`);
}

function expiryIn(value: object): Pick<LeaseTerm, 'expiresMs'> {
  const expiresMs = Number(fieldOf(value, 'expiresMs', 0));
  return expiresMs > 0 ? { expiresMs: Math.min(expiresMs, MAX_EXPIRES_MS) } : {};
}

function timelineIn(value: object): Pick<LeaseTerm, 'timeline'> {
  const timeline = Number(fieldOf(value, 'timeline', 0));
  return Number.isInteger(timeline) && timeline > 0 ? { timeline } : {};
}

function fieldOf<T>(value: object, key: string, fallback: T): T | string | number | boolean {
  const found: unknown = Object.getOwnPropertyDescriptor(value, key)?.value;
  const isPlain = typeof found === 'string' || typeof found === 'number' || typeof found === 'boolean';
  return isPlain && typeof found === typeof fallback ? found : fallback;
}

function identityIn(value: object): AgentIdentity {
  const text = (key: keyof AgentIdentity) => String(fieldOf(value, key, UNKNOWN[key]));
  return {
    id: text('id'),
    hostname: text('hostname'),
    processSpace: text('processSpace'),
    processId: Number(fieldOf(value, 'processId', UNKNOWN.processId)),
    dataDirectory: text('dataDirectory'),
    startedAt: text('startedAt'),
  };
}

/** Reads a term, or a waiting agent's note, whatever it is. */
export function parseTerm(number: bigint, bytes: Buffer): LeaseTerm {
  const unknown = { number, holder: UNKNOWN, isReleased: false };
  if (bytes.length > MAX_AGENT_OBJECT_BYTES) return unknown;
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'));
    if (typeof value !== 'object' || value === null) return unknown;
    const isReleased = fieldOf(value, 'released', false) === true;
    return { number, holder: identityIn(value), isReleased, ...expiryIn(value), ...timelineIn(value) };
  } catch {
    return unknown;
  }
}

/** `the agent on db1 (process 4711, /var/lib/postgresql/17/main)`. */
export function describeAgent({ hostname, processId, dataDirectory }: AgentIdentity): string {
  const where = dataDirectory === '' ? '' : `, ${dataDirectory}`;
  return `the agent on ${hostname} (process ${processId}${where})`;
}
