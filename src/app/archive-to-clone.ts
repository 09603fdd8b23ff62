/**
 * Opens the archive that is cloned: the settings' own, or the first of several that serves the target.
 *
 * @module
 */

import { listBackups } from '../backup/list.ts';
import { noneServes, passedOverWords, whyPassedOver, type PassedOver } from '../bootstrap/choose-archive.ts';
import { Settings } from '../config/load-settings.ts';
import type { SettingName } from '../config/settings.ts';
import type { RecoveryTarget } from '../postgres/recovery-target.ts';
import { openArchive, type Archive } from './open-archive.ts';

/** Where it may be, and what it is to serve. */
export interface ArchivesToLookIn {
  /** Instead of the settings' own, first to last. */
  readonly lookIn: readonly string[];
  readonly target: RecoveryTarget;
}

/** It, open, and those that were looked in before. */
export interface ArchiveToClone {
  readonly archive: Archive;
  readonly passedOver: readonly PassedOver[];
}

function withArchive(settings: Settings, address: string): Settings {
  const flags = new Map<SettingName, string>([['archive', address]]);
  return new Settings(flags, settings.environment, settings.file);
}

/** Opens it. @throws {Failure} `refused`, with what each has, if none of several serves; and what the stores throw. */
export async function archiveToClone(
  settings: Settings,
  { lookIn, target }: ArchivesToLookIn,
  { note, signal }: { readonly note: (line: string) => void; readonly signal: AbortSignal },
): Promise<ArchiveToClone> {
  const [only] = lookIn;
  if (only === undefined) return { archive: await openArchive(settings), passedOver: [] };
  if (lookIn.length === 1) return { archive: await openArchive(withArchive(settings, only)), passedOver: [] };
  const passedOver: PassedOver[] = [];
  for (const address of lookIn) {
    const archive = await openArchive(withArchive(settings, address));
    const why = await problemOf(archive, target, signal);
    if (why === undefined) return { archive, passedOver };
    const other = { address: archive.store.address, why };
    note(passedOverWords(other));
    passedOver.push(other);
    await archive[Symbol.asyncDispose]();
  }
  throw noneServes(target, passedOver);
}

async function problemOf(archive: Archive, target: RecoveryTarget, signal: AbortSignal): Promise<string | undefined> {
  try {
    return whyPassedOver(await listBackups(archive.store, signal), target);
  } catch (error) {
    await archive[Symbol.asyncDispose]();
    throw error;
  }
}
