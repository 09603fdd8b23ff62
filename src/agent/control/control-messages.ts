/**
 * What a caller and an agent say to each other, beside frames: JSON objects, checked on both sides.
 *
 * | request | answers |
 * |---|---|
 * | `GET /v1/hello` | {@link Hello} |
 * | `GET /v1/jobs` | `{jobs: [{id, shown, by, startedAtMs, isRunning, isChanging}]}` |
 * | `POST /v1/jobs` {@link StartRequest} | `{id, isChanging}` |
 * | `GET /v1/jobs/ID/frames?from=N` | frames, a line each (`frames.ts`), until the command has ended |
 * | `POST /v1/jobs/ID/answer` `{number, text?}` | `{}` |
 * | `POST /v1/jobs/ID/interrupt` | `{}` |
 *
 * Each carries `authorization: Bearer TOKEN` and `walkback-protocol: 1`. A failure is answered as `{kind, message, remedy,
 * facts}` with a status of 400 or more.
 *
 * @module
 */

import { Failure, type FailureKind } from '../../base/failure.ts';
import { isJobId, type CallerScreen, type TerminalFacts } from './job-folder.ts';

/** Of both sides. Another number is another meaning, and refused. */
export const PROTOCOL = 1;
export const PROTOCOL_HEADER = 'walkback-protocol';

/** No request is larger: its statements of SQL are what takes room. */
export const LARGEST_REQUEST_BYTES = 256 * 1024;
const MOST_ARGUMENTS = 200;
const LONGEST_WORD = 200;

/** Who answers. */
export interface Hello {
  readonly program: 'walkback';
  readonly version: string;
  readonly protocol: number;
  readonly host: string;
  /** The name of the cluster, as it is on screens. */
  readonly cluster: string;
  /** Whether its server writes now; a recovery begins there. */
  readonly isPrimary: boolean;
}

/** Run this. */
export interface StartRequest {
  readonly id: string;
  readonly args: readonly string[];
  readonly by: string;
  readonly screen: CallerScreen;
}

type Fields = Readonly<Record<string, unknown>>;

/** The members of an object; none for anything else. */
export function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

function badRequest(what: string): Failure {
  return new Failure('usage', {
    message: `cannot take the request: ${what}`,
    remedy: 'Use the walkback of the same version to send it.',
  });
}

function word(value: unknown, what: string): string {
  if (typeof value === 'string' && value.length <= LONGEST_WORD) return value;
  throw badRequest(`${what} is no text of at most ${LONGEST_WORD} letters`);
}

function terminal(value: unknown, what: string): TerminalFacts {
  const { isTTY, columns } = fieldsOf(value);
  const isWidth = typeof columns === 'number' && Number.isInteger(columns) && columns > 0 && columns < 10_000;
  if (typeof isTTY !== 'boolean' || (columns !== undefined && !isWidth)) throw badRequest(`${what} is not described`);
  return { isTTY, columns: isWidth ? columns : undefined };
}

/** What of a caller's environment says how text is shown. */
export const SHOWING_VARIABLES = ['LANG', 'LC_ALL', 'LC_CTYPE', 'TERM', 'NO_COLOR'] as const;

function screenOf(value: unknown): CallerScreen {
  const { out, err, canAsk, zone, environment } = fieldsOf(value);
  if (typeof canAsk !== 'boolean') throw badRequest('it does not say whether a person can be asked');
  const zoneName = word(zone, 'the zone');
  try {
    new Intl.DateTimeFormat('en', { timeZone: zoneName });
  } catch {
    throw badRequest(`${JSON.stringify(zoneName)} is no time zone`);
  }
  const given = fieldsOf(environment);
  const shown = SHOWING_VARIABLES.filter((name) => given[name] !== undefined);
  return {
    out: terminal(out, 'standard output'),
    err: terminal(err, 'standard error'),
    canAsk,
    zone: zoneName,
    environment: Object.fromEntries(shown.map((name) => [name, word(given[name], name)])),
  };
}

/** Reads a {@link StartRequest}. @throws {Failure} `usage`. */
export function readStartRequest(value: unknown): StartRequest {
  const { id, args, by, screen } = fieldsOf(value);
  if (typeof id !== 'string' || !isJobId(id)) throw badRequest('its id is not 32 hex digits');
  if (!Array.isArray(args) || args.length > MOST_ARGUMENTS) throw badRequest('it has no list of arguments');
  const words = args.map((arg: unknown) => {
    if (typeof arg !== 'string' || arg.includes('\0')) throw badRequest('an argument is no text');
    return arg;
  });
  return { id, args: words, by: word(by, 'the name of the caller'), screen: screenOf(screen) };
}

/** Reads an answer to a question. @throws {Failure} `usage`. */
export function readAnswer(value: unknown): { readonly number: number; readonly text: string | undefined } {
  const { number, text } = fieldsOf(value);
  if (typeof number !== 'number' || !Number.isSafeInteger(number) || number < 1) throw badRequest('it answers nothing');
  return { number, text: text === undefined ? undefined : word(text, 'the answer') };
}

/** Reads who answers. @throws {Failure} `unavailable` for what is no agent of this protocol. */
export function readHello(value: unknown, address: string): Hello {
  const { program, version, protocol, host, cluster, isPrimary } = fieldsOf(value);
  const isOne =
    program === 'walkback' &&
    protocol === PROTOCOL &&
    typeof version === 'string' &&
    typeof host === 'string' &&
    typeof cluster === 'string' &&
    typeof isPrimary === 'boolean';
  if (isOne) return { program, version, protocol, host, cluster, isPrimary };
  throw new Failure('unavailable', {
    message: `cannot use what answers at ${address}: it is no agent that speaks protocol ${PROTOCOL}`,
    remedy: 'Look at the address (control-address of the agent), and whether both sides are of the same version.',
  });
}

const STATUS: Readonly<Record<FailureKind, number>> = {
  usage: 400,
  denied: 401,
  refused: 403,
  notInArchive: 404,
  conflict: 409,
  corrupt: 422,
  failed: 500,
  unavailable: 503,
};

/** The HTTP status that a failure is answered with. */
export function statusOf(failure: Failure): number {
  return STATUS[failure.kind];
}

function isFailureKind(value: unknown): value is FailureKind {
  return typeof value === 'string' && Object.hasOwn(STATUS, value);
}

/** A failure as it is answered. */
export function failureJson({ kind, message, remedy, facts }: Failure): object {
  return { kind, message, remedy, facts };
}

/** The failure that an agent has answered; `undefined` if it is none. */
export function failureFrom(value: unknown): Failure | undefined {
  const { kind, message, remedy, facts } = fieldsOf(value);
  if (!isFailureKind(kind) || typeof message !== 'string' || typeof remedy !== 'string') return undefined;
  const lines = Array.isArray(facts) ? facts.filter((fact) => typeof fact === 'string') : [];
  return new Failure(kind, { message, remedy, facts: lines });
}
