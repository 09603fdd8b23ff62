/**
 * Waiting for an object. A watch wakes us; what is believed is what was read then. So a watch that is cut, that is too old (410) or
 * that is not allowed costs time, and never a wrong answer.
 *
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises';

import { Failure, isFailure } from '../../base/failure.ts';
import type { ApiSession } from './api-session.ts';
import type { ObjectRef } from './kubernetes-api.ts';
import { linesOf } from './lines-of.ts';
import { queryOf, type ObjectPaths } from './object-paths.ts';
import { Refusal } from './server-answer.ts';

/** What is waited for, and how it is read. */
export interface Awaited<T> {
  readonly ref: ObjectRef;
  /** In words. */
  readonly what: string;
  readonly look: () => Promise<T | undefined>;
  readonly isSo: (object: T | undefined) => boolean;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

/** How long it is until the next look: at first, at most without a watch, and at most while one is heard. */
const FIRST_LOOK_MS = 250;
const UNWATCHED_LOOK_MS = 2_000;
const WATCHED_LOOK_MS = 10_000;
/** With one: the server ends it by then, and it is begun again. */
const WATCH_S = 60;

/** @throws {Failure} `unavailable` when time is up. */
export async function waitUntil<T>(
  session: ApiSession,
  paths: ObjectPaths,
  awaited: Awaited<T>,
): Promise<T | undefined> {
  const { what, look, isSo, timeoutMs, signal } = awaited;
  const endsAtMs = performance.now() + timeoutMs;
  const bell = new Bell();
  const life = new AbortController();
  const both = signal === undefined ? life.signal : AbortSignal.any([signal, life.signal]);
  const watching = keepWatching(session, paths, awaited.ref, bell, both);
  let pauseMs = FIRST_LOOK_MS;
  let lastTrouble: unknown;
  try {
    for (;;) {
      signal?.throwIfAborted();
      const rung = bell.next();
      const found = await lookIfPossible(look, (error) => (lastTrouble = error));
      if (found !== NOT_SEEN && isSo(found)) return found;
      const leftMs = endsAtMs - performance.now();
      if (leftMs <= 0) throw notInTime(what, timeoutMs, lastTrouble);
      await Promise.race([rung, sleep(Math.min(pauseMs, leftMs), undefined, { signal: both }).catch(() => {})]);
      pauseMs = Math.min(bell.isHung ? WATCHED_LOOK_MS : UNWATCHED_LOOK_MS, pauseMs * 2);
    }
  } finally {
    life.abort();
    await watching;
  }
}

const NOT_SEEN: unique symbol = Symbol('not seen');

/** A server that is away is waited for as well: the time that is given is for both. */
async function lookIfPossible<T>(
  look: () => Promise<T | undefined>,
  onTrouble: (error: unknown) => void,
): Promise<T | undefined | typeof NOT_SEEN> {
  try {
    return await look();
  } catch (error) {
    if (!isFailure(error, 'unavailable')) throw error;
    onTrouble(error);
    return NOT_SEEN;
  }
}

function notInTime(what: string, timeoutMs: number, trouble: unknown): Failure {
  return new Failure('unavailable', {
    message: `cannot go on: waited ${Math.round(timeoutMs / 1000)} s for ${what}`,
    remedy:
      'Look at the object and its events: kubectl describe. When it is as it should be, type the same command again.',
    ...(isFailure(trouble) ? { facts: [trouble.message] } : {}),
    cause: trouble,
  });
}

/** Rung by the watch. */
class Bell {
  /** True while a watch is there to ring it. */
  isHung = false;
  #waiting = Promise.withResolvers<undefined>();

  next(): Promise<undefined> {
    return this.#waiting.promise;
  }

  ring(): void {
    this.#waiting.resolve(undefined);
    this.#waiting = Promise.withResolvers();
  }
}

/** Watches while it may; ends for good when it may not, and without an error when it is not needed any more. */
async function keepWatching(
  session: ApiSession,
  paths: ObjectPaths,
  ref: ObjectRef,
  bell: Bell,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      await watchOnce(session, paths, ref, bell, signal);
    } catch (error) {
      if (error instanceof Refusal && [400, 403, 405].includes(error.status)) return;
      if (isFailure(error, 'denied') || isFailure(error, 'usage')) return;
    }
    await sleep(FIRST_LOOK_MS, undefined, { signal }).catch(() => {});
  }
}

async function watchOnce(
  session: ApiSession,
  paths: ObjectPaths,
  ref: ObjectRef,
  bell: Bell,
  signal: AbortSignal,
): Promise<void> {
  const { asked, path } = await paths.collection(ref, 'watch');
  const query = queryOf({ watch: true, fieldSelector: `metadata.name=${ref.name}`, timeoutSeconds: WATCH_S });
  const message = await session.stream({ asked, path: path + query, method: 'GET' }, signal);
  try {
    // What happened before the watch began rings no bell: it is looked once more when it has.
    bell.isHung = true;
    bell.ring();
    for await (const line of linesOf(message)) {
      if (line !== '') bell.ring();
    }
  } finally {
    bell.isHung = false;
    message.destroy();
  }
}
