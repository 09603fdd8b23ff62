/**
 * What the backup that is about to be taken builds on: chosen before the server is asked to begin, and dropped if the server
 * has gone on to another timeline by then.
 *
 * @module
 */

import { join } from 'node:path';

import { Failure } from '../base/failure.ts';
import { parseControlFile, timelineOf, type ControlFile } from '../postgres/control-file.ts';
import { formatLsn } from '../postgres/lsn.ts';
import type { TimelineHistory } from '../postgres/timeline-history.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { chooseParent, type DeltaParent, type DeltaWish } from './choose-parent.ts';
import { serverLine } from './server-line.ts';
import { readControlFile } from './upload-parts.ts';
import { whatChanged, type BegunBackup, type KnownChanges } from './what-changed.ts';

/** What a backup builds on: a parent, or nothing, and why. */
export interface Base {
  readonly parent?: DeltaParent;
  /** What tells which blocks have changed since the parent. */
  readonly changes?: KnownChanges;
  /** Why it is a full backup although a delta was asked for. */
  readonly fullBecause?: string;
}

/** What is chosen before the server is asked to begin, on the line that it is on then. */
export interface ChosenBase extends Base {
  readonly control: ControlFile;
  readonly line: TimelineHistory;
}

/** What is to be taken, and of whom. */
interface BaseRequest {
  readonly store: ObjectStore;
  readonly dataDirectory: string;
  readonly delta?: DeltaWish;
  readonly isPermanent?: boolean;
  readonly signal?: AbortSignal;
}

/** Chooses; `undefined` if a full backup is wanted. @throws {Failure} as `chooseParent` does. */
export async function chooseBase(request: BaseRequest): Promise<ChosenBase | undefined> {
  const { store, dataDirectory, delta, isPermanent = false, signal } = request;
  if (delta === undefined) return undefined;
  const control = await controlOf(dataDirectory);
  const line = await serverLine(dataDirectory, timelineOf(control));
  const options = signal === undefined ? {} : { signal };
  const choice = await chooseParent(store, delta, { control, line, isPermanent }, options);
  return choice.kind === 'delta'
    ? { control, line, parent: choice.parent }
    : { control, line, fullBecause: choice.because };
}

/**
 * What was chosen, if the server is still on that line, and it can be told what has changed since.
 *
 * @throws {Failure} `refused` if the parent was named, and cannot be it.
 */
export async function baseOn(
  session: BegunBackup,
  chosen: ChosenBase | undefined,
  request: BaseRequest,
): Promise<Base> {
  if (chosen?.parent === undefined) return chosen?.fullBecause === undefined ? {} : { fullBecause: chosen.fullBecause };
  const { control, line, parent } = chosen;
  if (session.timeline !== line.timeline) {
    const found = `the server went from timeline ${line.timeline} to ${session.timeline} meanwhile`;
    return full(found, request);
  }
  const { name, finishLsn } = parent.backup;
  // A standby begins at its last restart point. Files as the parent has them may be newer than the end of such a delta.
  if (finishLsn > session.startLsn) {
    const [end, begin] = [finishLsn, session.startLsn].map(formatLsn);
    return full(`${name} ended behind the position that this backup begins at (${end}, ${begin})`, request);
  }
  const { store, dataDirectory } = request;
  const signal = AbortSignal.any([session.lost, ...(request.signal === undefined ? [] : [request.signal])]);
  const changes = await whatChanged({ store, dataDirectory, session, control, line, parent, signal });
  return changes.kind === 'unknown' ? full(changes.because, request) : { parent, changes };
}

function full(because: string, { delta }: BaseRequest): Base {
  if (delta?.fromName === undefined) return { fullBecause: because };
  throw new Failure('refused', {
    message: `cannot take a delta backup on ${delta.fromName}: ${because}`,
    remedy: 'Name another backup, or take a full one.',
  });
}

/** The control file of a data directory, read whole. */
export async function controlOf(dataDirectory: string): Promise<ControlFile> {
  return parseControlFile(await readControlFile(join(dataDirectory, 'global', 'pg_control')));
}
