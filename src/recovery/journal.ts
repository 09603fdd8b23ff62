/**
 * The journal of one recovery: what was going to be done, and what came of it. Each step's intention is on disk before
 * the step begins, its result before the next one does; so a recovery can be gone on with, or undone, whatever died.
 *
 * One JSON object a line, only ever appended to. A last line that was torn by the end of the machine is cut off when the
 * journal is opened, one that a full disk has torn at once; damage anywhere else is refused.
 *
 * @module
 */

import { Failure, messageOf } from '../base/failure.ts';
import { openJournalFile, readJournalBytes } from './journal-file.ts';
import { isStepName, type StepName } from './step-names.ts';
import { isRecoveryState, type RecoveryState } from './states.ts';

/** Facts a step leaves for later ones and for reports. */
export type StepFacts = Readonly<Record<string, string | number | boolean>>;

/** One line. `at` is RFC 3339. `Name`: the steps of a kind of cluster whose recovery has others than those of a host. */
export type JournalEntry<Name extends string = StepName> =
  /** `undoes`: it is being taken back, and is no longer done from here on. */
  | { readonly at: string; readonly event: 'begin'; readonly step: Name; readonly undoes?: true }
  | { readonly at: string; readonly event: 'done'; readonly step: Name; readonly facts: StepFacts }
  | { readonly at: string; readonly event: 'failed'; readonly step: Name; readonly message: string }
  | { readonly at: string; readonly event: 'undone'; readonly step: Name }
  | { readonly at: string; readonly event: 'state'; readonly state: RecoveryState };

/** A {@link JournalEntry} before it has its time. */
export type NewJournalEntry<Name extends string = StepName> =
  JournalEntry<Name> extends infer Entry ? (Entry extends unknown ? Omit<Entry, 'at'> : never) : never;

/** A journal that is open for writing. */
export interface Journal<Name extends string = StepName> extends AsyncDisposable {
  readonly entries: readonly JournalEntry<Name>[];
  /** Appends one line; it is on disk when this returns. */
  append(entry: NewJournalEntry<Name>): Promise<void>;
}

type IsStep<Name extends string> = (value: unknown) => value is Name;

/** True for a JSON object. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The facts of a line, as they were written; what is none is left out. */
export function readFacts(value: unknown): StepFacts {
  const facts: Record<string, string | number | boolean> = {};
  for (const [name, fact] of Object.entries(isRecord(value) ? value : {})) {
    if (typeof fact === 'string' || typeof fact === 'number' || typeof fact === 'boolean') facts[name] = fact;
  }
  return facts;
}

function readEntry<Name extends string>(text: string, isName: IsStep<Name>): JournalEntry<Name> | undefined {
  const value: unknown = JSON.parse(text);
  if (!isRecord(value) || typeof value['at'] !== 'string') return undefined;
  const { at, event, step, state, message, facts, undoes } = value;
  if (event === 'state') return isRecoveryState(state) ? { at, event, state } : undefined;
  if (!isName(step)) return undefined;
  if (event === 'begin') return undoes === true ? { at, event, step, undoes } : { at, event, step };
  if (event === 'undone') return { at, event, step };
  if (event === 'done') return { at, event, step, facts: readFacts(facts) };
  if (event === 'failed') return { at, event, step, message: typeof message === 'string' ? message : '' };
  return undefined;
}

/** The journal's whole lines, and how many bytes they take. A torn last line is left out. */
export function parseJournal(bytes: Buffer, path: string): { entries: JournalEntry[]; wholeBytes: number } {
  return parseJournalOf(bytes, path, isStepName);
}

/** As {@link parseJournal}, of steps of other names. */
export function parseJournalOf<Name extends string>(
  bytes: Buffer,
  path: string,
  isName: IsStep<Name>,
): { entries: JournalEntry<Name>[]; wholeBytes: number } {
  const wholeBytes = bytes.lastIndexOf(0x0a) + 1;
  const lines = bytes.subarray(0, wholeBytes).toString().split('\n').slice(0, -1);
  return { entries: lines.map((line, index) => parseLine(line, index + 1, path, isName)), wholeBytes };
}

function parseLine<Name extends string>(
  line: string,
  number: number,
  path: string,
  isName: IsStep<Name>,
): JournalEntry<Name> {
  let found = 'it is no journal entry of this version';
  try {
    const entry = readEntry(line, isName);
    if (entry !== undefined) return entry;
  } catch (error) {
    found = messageOf(error);
  }
  throw new Failure('corrupt', {
    message: `cannot read the journal ${path}: line ${number}: ${found}`,
    remedy:
      'Do not change it. See with "walkback recover status" which directories are there; put the data directory back by hand if it has been moved away.',
  });
}

/** The entries of a journal, for looking only. Empty if there is none. */
export async function readJournal(path: string): Promise<JournalEntry[]> {
  return parseJournal(await readJournalBytes(path), path).entries;
}

/**
 * Opens a journal to go on writing it, or a new one. The caller holds the recovery's lock.
 *
 * @param now the time for new lines.
 * @param onEntry told of each new line once it is on disk.
 */
export async function openJournal(
  path: string,
  now: () => Date,
  onEntry: (entry: JournalEntry) => void = () => {},
): Promise<Journal> {
  return openJournalFile<JournalEntry, NewJournalEntry>(path, {
    parse: parseJournal,
    timed: (entry) => ({ at: now().toISOString(), ...entry }),
    onEntry,
  });
}

/** True if the step's last mention says it is done. */
export function isStepDone<Name extends string>(entries: readonly JournalEntry<Name>[], step: Name): boolean {
  return entries.findLast((entry) => 'step' in entry && entry.step === step)?.event === 'done';
}

/** True if the step was begun and not undone since, whether or not it came to its end. */
export function hasStepBegun<Name extends string>(entries: readonly JournalEntry<Name>[], step: Name): boolean {
  const last = entries.findLast((entry) => 'step' in entry && entry.step === step);
  return last !== undefined && last.event !== 'undone';
}

/** What a step left when it was last done. */
export function factsOf<Name extends string>(
  entries: readonly JournalEntry<Name>[],
  step: Name,
): StepFacts | undefined {
  const done = entries.findLast((entry) => entry.event === 'done' && entry.step === step);
  return done?.event === 'done' ? done.facts : undefined;
}

/** The recovery's state. */
export function stateOf<Name extends string>(entries: readonly JournalEntry<Name>[]): RecoveryState {
  const last = entries.findLast((entry) => entry.event === 'state');
  return last?.event === 'state' ? last.state : 'planned';
}
