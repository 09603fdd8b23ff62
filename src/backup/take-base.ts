/**
 * What the backup that is about to be taken builds on: chosen before the server is asked to begin, and dropped if the server
 * has gone on to another timeline by then.
 *
 * @module
 */

import { join } from 'node:path';

import type { BackupSession } from '../instance/backup-session.ts';
import { parseControlFile, type ControlFile } from '../postgres/control-file.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { chooseParent, type DeltaParent, type DeltaWish } from './choose-parent.ts';
import { serverLine } from './server-line.ts';
import { readControlFile } from './upload-parts.ts';

/** What a backup builds on: a parent, or nothing, and why. */
export interface Base {
  readonly parent?: DeltaParent;
  /** Why it is a full backup although a delta was asked for. */
  readonly fullBecause?: string;
}

/** What is chosen before the server is asked to begin, on the timeline that it is on then. */
export type ChosenBase = Base & { readonly timeline: number };

/** What is to be taken, and of whom. */
interface BaseRequest {
  readonly store: ObjectStore;
  readonly dataDirectory: string;
  readonly delta?: DeltaWish;
  readonly isPermanent?: boolean;
  readonly signal?: AbortSignal;
}

/** Chooses. @throws {Failure} as `chooseParent` does. */
export async function chooseBase(request: BaseRequest): Promise<ChosenBase> {
  const { store, dataDirectory, delta, isPermanent = false, signal } = request;
  const control = await controlOf(dataDirectory);
  const { timeline } = control;
  if (delta === undefined) return { timeline };
  const line = await serverLine(dataDirectory, timeline);
  const options = signal === undefined ? {} : { signal };
  const choice = await chooseParent(store, delta, { control, line, isPermanent }, options);
  return choice.kind === 'delta' ? { timeline, parent: choice.parent } : { timeline, fullBecause: choice.because };
}

/** What was chosen, unless the server has gone on to another timeline. */
export function baseOn(session: BackupSession, { timeline, parent, fullBecause }: ChosenBase): Base {
  if (parent === undefined) return fullBecause === undefined ? {} : { fullBecause };
  if (session.timeline === timeline) return { parent };
  return { fullBecause: `the server went from timeline ${timeline} to ${session.timeline} meanwhile` };
}

/** The control file of a data directory, read whole. */
export async function controlOf(dataDirectory: string): Promise<ControlFile> {
  return parseControlFile(await readControlFile(join(dataDirectory, 'global', 'pg_control')));
}
