/**
 * The journal of bootstraps of one data directory: which run was working, how far it got, and whether Patroni took over what
 * came of it. One JSON object a line, each on disk before what it announces begins.
 *
 * @module
 */

import { dirname, join } from 'node:path';

import { Failure } from '../base/failure.ts';
import { makeFolder } from '../instance/durable-rename.ts';
import { openJournalFile, readJournalBytes } from '../recovery/journal-file.ts';
import { isRecord, readFacts, type StepFacts } from '../recovery/journal.ts';

/** The steps, in their order. A copy of a running server begins with `copy` and goes on with `configure`; `setPasswords` is of
 * rehearsals that wait on a volume. */
export const BOOTSTRAP_STEPS = [
  'restore',
  'prepare',
  'replay',
  'reserveTimeline',
  'promote',
  'setPasswords',
  'stop',
  'copy',
  'upgrade',
  'configure',
  'record',
  'putInPlace',
] as const;

/** One of them. */
export type BootstrapStep = (typeof BOOTSTRAP_STEPS)[number];

/** A line. `at` is RFC 3339. */
export type BootstrapEntry = { readonly at: string } & NewBootstrapEntry;

/** A line before it has its time. */
export type NewBootstrapEntry =
  /** Patroni holds the `initialize` key for this member from before this line on. */
  | { readonly event: 'runBegun' }
  /** `failed`: Patroni gives the key back. `ready`: it starts the cluster, and then completes the key. */
  | { readonly event: 'runEnded'; readonly outcome: 'failed' | 'ready' }
  /** A new attempt, with a plan of this id. What was there before is of no use. */
  | { readonly event: 'attempt'; readonly id: string }
  | { readonly event: 'begin' | 'undone'; readonly step: BootstrapStep }
  | { readonly event: 'done'; readonly step: BootstrapStep; readonly facts: StepFacts }
  | { readonly event: 'failed'; readonly step: BootstrapStep; readonly message: string }
  /** The `initialize` key that a killed run left behind was taken away. */
  | { readonly event: 'released' }
  /** Patroni has initialized the cluster with these data: bootstraps are over. */
  | { readonly event: 'initialized' };

/** A journal that is open for writing. */
export interface BootstrapJournal extends AsyncDisposable {
  readonly entries: readonly BootstrapEntry[];
  append(entry: NewBootstrapEntry): Promise<void>;
}

const STEP_NAMES: ReadonlySet<unknown> = new Set(BOOTSTRAP_STEPS);

function isStep(value: unknown): value is BootstrapStep {
  return STEP_NAMES.has(value);
}

/** A line with all that its event has to have; `undefined` if something of it is missing, or unknown. */
function readEntry(value: unknown): BootstrapEntry | undefined {
  if (!isRecord(value) || typeof value['at'] !== 'string') return undefined;
  const { at, event, step, id, outcome, message, facts } = value;
  if (event === 'runBegun' || event === 'released' || event === 'initialized') return { at, event };
  if (event === 'runEnded') return outcome === 'failed' || outcome === 'ready' ? { at, event, outcome } : undefined;
  if (event === 'attempt') return typeof id === 'string' && id !== '' ? { at, event, id } : undefined;
  if (!isStep(step)) return undefined;
  if (event === 'begin' || event === 'undone') return { at, event, step };
  if (event === 'done') return isRecord(facts) ? { at, event, step, facts: readFacts(facts) } : undefined;
  if (event === 'failed') return { at, event, step, message: typeof message === 'string' ? message : '' };
  return undefined;
}

/** Where it is. */
export function journalPath(folder: string): string {
  return join(folder, 'journal.jsonl');
}

/** The journal's whole lines, and how many bytes they take; a last line that is torn is left out. */
export function parseBootstrapJournal(bytes: Buffer, path: string): { entries: BootstrapEntry[]; wholeBytes: number } {
  const wholeBytes = bytes.lastIndexOf(0x0a) + 1;
  const lines = bytes.subarray(0, wholeBytes).toString().split('\n').slice(0, -1);
  const entries = lines.map((line, index) => {
    const entry = readEntry(parseLine(line));
    if (entry !== undefined) return entry;
    throw new Failure('corrupt', {
      message: `cannot read the journal ${path}: line ${index + 1} is no entry of this version`,
      remedy: `Remove ${dirname(path)} if no bootstrap is running: what is in it can be restored again from the archive.`,
    });
  });
  return { entries, wholeBytes };
}

function parseLine(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

/** The entries, for looking only. Empty if there is none. */
export async function readBootstrapJournal(folder: string): Promise<BootstrapEntry[]> {
  const path = journalPath(folder);
  return parseBootstrapJournal(await readJournalBytes(path), path).entries;
}

/** Opens it to go on writing. @param onEntry told of each new line once it is on disk. */
export async function openBootstrapJournal(
  folder: string,
  now: () => Date,
  onEntry: (entry: BootstrapEntry) => void = () => {},
): Promise<BootstrapJournal> {
  await makeFolder(folder);
  const path = journalPath(folder);
  return openJournalFile<BootstrapEntry, NewBootstrapEntry>(path, {
    parse: parseBootstrapJournal,
    timed: (entry) => ({ at: now().toISOString(), ...entry }),
    onEntry,
  });
}

/** The lines of the attempt that is under way, or was the last. */
export function attemptEntries(entries: readonly BootstrapEntry[]): readonly BootstrapEntry[] {
  const begin = entries.findLastIndex(({ event }) => event === 'attempt');
  return begin === -1 ? [] : entries.slice(begin);
}

function lastOf(entries: readonly BootstrapEntry[], step: BootstrapStep): BootstrapEntry | undefined {
  return attemptEntries(entries).findLast((entry) => 'step' in entry && entry.step === step);
}

/** True if the step's last mention in this attempt says that it is done. */
export function isStepDone(entries: readonly BootstrapEntry[], step: BootstrapStep): boolean {
  return lastOf(entries, step)?.event === 'done';
}

/** True if it was begun in this attempt and not taken back, whether or not it came to its end. */
export function hasStepBegun(entries: readonly BootstrapEntry[], step: BootstrapStep): boolean {
  const last = lastOf(entries, step);
  return last !== undefined && last.event !== 'undone';
}

/** What a step left when it was last done; `undefined` if it left no such thing. */
export function findFact(entries: readonly BootstrapEntry[], step: BootstrapStep, name: string): string | undefined {
  const done = attemptEntries(entries).findLast((entry) => entry.event === 'done' && entry.step === step);
  const fact = done?.event === 'done' ? done.facts[name] : undefined;
  return fact === undefined ? undefined : String(fact);
}

/** The same. @throws {Failure} `corrupt` if it left no such thing. */
export function factOf(entries: readonly BootstrapEntry[], step: BootstrapStep, name: string): string {
  const fact = findFact(entries, step, name);
  if (fact !== undefined) return fact;
  throw new Failure('corrupt', {
    message: `cannot go on with the bootstrap: its journal has no ${name} of step ${step}`,
    remedy: 'Remove the folder with the journal, and start again: the data are restored anew from the archive.',
  });
}
