/**
 * The note that freezes an archive: while it is there, nothing is pruned.
 *
 * It is one object, `walkback_001/freeze.json`, written only if absent, so of two people who freeze one archive at the same
 * time one wrote the note and both hear who. A note that cannot be read freezes as well: whoever wrote it meant to.
 *
 * @module
 */

import { Failure } from '../base/failure.ts';
import type { CallOptions, ObjectStore } from '../storage/object-store.ts';
import { OWN_FOLDER } from './own-objects.ts';

/** Where the note is. */
export const FREEZE_KEY = `${OWN_FOLDER}freeze.json`;

/** Who froze an archive, when, and why. */
export interface FreezeNote {
  /** `user@host`, or what was given. */
  readonly by: string;
  /** RFC 3339; empty if the note cannot be read. */
  readonly at: string;
  /** In the words of who froze it; may be empty. */
  readonly reason: string;
  /** The restore point that was named then, if a server could be asked. */
  readonly restorePoint: string | undefined;
}

const MAX_NOTE_BYTES = 64 * 1024;
const UNREADABLE: FreezeNote = { by: 'a note that cannot be read', at: '', reason: '', restorePoint: undefined };

function textOf(value: object, key: string): string | undefined {
  const found: unknown = Object.getOwnPropertyDescriptor(value, key)?.value;
  return typeof found === 'string' ? found : undefined;
}

function parseNote(bytes: Buffer): FreezeNote {
  if (bytes.length > MAX_NOTE_BYTES) return UNREADABLE;
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'));
    if (typeof value !== 'object' || value === null) return UNREADABLE;
    return {
      by: textOf(value, 'by') ?? UNREADABLE.by,
      at: textOf(value, 'at') ?? '',
      reason: textOf(value, 'reason') ?? '',
      restorePoint: textOf(value, 'restorePoint'),
    };
  } catch {
    return UNREADABLE;
  }
}

/** The note; `undefined` if the archive is proven not to be frozen. */
export async function readFreezeNote(store: ObjectStore, options: CallOptions = {}): Promise<FreezeNote | undefined> {
  const found = await store.get(FREEZE_KEY, { ...options, range: { startByte: 0, lengthBytes: MAX_NOTE_BYTES + 1 } });
  return found === undefined ? undefined : parseNote(found);
}

/** Writes the note. Answers with the one that counts: another's, if that was there first. */
export async function writeFreezeNote(
  store: ObjectStore,
  note: FreezeNote,
  options: CallOptions = {},
): Promise<{ readonly outcome: 'written' | 'exists'; readonly note: FreezeNote }> {
  const body = Buffer.from(`${JSON.stringify(note)}\n`);
  const outcome = await store.put(FREEZE_KEY, body, { ...options, ifAbsent: true });
  if (outcome === 'written') return { outcome, note };
  return { outcome, note: (await readFreezeNote(store, options)) ?? note };
}

/** Takes the note away. Answers with what it said; `undefined` if there was none. */
export async function removeFreezeNote(store: ObjectStore, options: CallOptions = {}): Promise<FreezeNote | undefined> {
  const note = await readFreezeNote(store, options);
  if (note !== undefined) await store.delete([FREEZE_KEY], options);
  return note;
}

/** `since 2026-06-05T15:02:11Z by anna@db1: looking for lost orders`. */
export function describeFreeze({ by, at, reason }: FreezeNote): string {
  return `${at === '' ? '' : `since ${at} `}by ${by}${reason === '' ? '' : `: ${reason}`}`;
}

/** @throws {Failure} `refused` if the archive is frozen. */
export async function refuseIfFrozen(store: ObjectStore, action: string, options: CallOptions = {}): Promise<void> {
  const note = await readFreezeNote(store, options);
  if (note === undefined) return;
  throw new Failure('refused', {
    message: `cannot ${action}: ${store.address} is frozen, ${describeFreeze(note)}`,
    remedy: 'Ask who froze it. When nothing of it is needed any more:  walkback unfreeze',
  });
}
