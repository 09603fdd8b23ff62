/**
 * Failures an operator can act on: what was asked, what was found, and what to do about it.
 *
 * Every expected failure of the program is one of these. Anything else that is thrown is a bug and is reported as one.
 *
 * @module
 */

/**
 * What kind of failure it is, by who should act:
 *
 * - `usage`: the command line or a setting is wrong; the person who typed it acts.
 * - `refused`: understood, but not safe or not possible (a target out of reach, a changed plan); the operator chooses again.
 * - `notInArchive`: proven absent from the archive. Never used for "could not look".
 * - `corrupt`: bytes are not what they must be; somebody looks at the object named.
 * - `denied`: credentials or permissions; whoever administers them acts.
 * - `unavailable`: a server or store did not answer in time; trying again may help.
 * - `conflict`: something exists with other content, or another run holds it.
 * - `failed`: a program we started, or the server, reported an error.
 */
export type FailureKind =
  | 'usage'
  | 'refused'
  | 'notInArchive'
  | 'corrupt'
  | 'denied'
  | 'unavailable'
  | 'conflict'
  | 'failed';

/** The parts of a failure. */
export interface FailureDetails {
  /** What happened, as `cannot <action>: <what was found>`; lower case, no full stop. */
  readonly message: string;
  /** The next thing to type, read or check; a full sentence, or lines to type. */
  readonly remedy: string;
  /** Facts behind it, one a line, shown after the message. */
  readonly facts?: readonly string[];
  readonly cause?: unknown;
}

/** An expected failure, with its remedy. */
export class Failure extends Error {
  override readonly name = 'Failure';
  readonly kind: FailureKind;
  readonly remedy: string;
  readonly facts: readonly string[];

  constructor(kind: FailureKind, details: FailureDetails) {
    super(details.message, details.cause === undefined ? undefined : { cause: details.cause });
    this.kind = kind;
    this.remedy = details.remedy;
    this.facts = details.facts ?? [];
  }
}

/** True if `error` is a {@link Failure}, of `kind` when one is given. */
export function isFailure(error: unknown, kind?: FailureKind): error is Failure {
  return error instanceof Failure && (kind === undefined || error.kind === kind);
}

/** The message of anything thrown, for use inside another message. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
