/**
 * What a rehearsal is asked for, as files on its volume: asking leaves one, and whoever has been killed meanwhile finds it again.
 *
 * A request is known by its id. The same id is the same request: asked again, it is answered once.
 *
 * @module
 */

import { randomBytes } from 'node:crypto';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { writeFileDurably } from '../../archive/durable-file.ts';
import { Failure, isFailure, messageOf, type FailureKind } from '../../base/failure.ts';
import { makeFolder } from '../../instance/durable-rename.ts';
import type { Check, CheckResult } from '../../recovery/checks.ts';
import type { VolumePlan } from './volume-plan.ts';

/** One request. */
export type VolumeRequest = { readonly id: string } & (
  | {
      readonly kind: 'check';
      readonly checks: readonly Check[];
      readonly database: string;
      readonly isWritable: boolean;
    }
  | { readonly kind: 'step'; readonly plan: VolumePlan }
  | { readonly kind: 'finish' }
);

/** What came of it. A `step` is answered when it is begun, and a `finish` by the state. */
export type VolumeAnswer =
  | { readonly kind: 'checked'; readonly results: readonly CheckResult[] }
  | { readonly kind: 'accepted' }
  | {
      readonly kind: 'failed';
      readonly failure: FailureKind | 'bug';
      readonly message: string;
      readonly remedy: string;
      readonly facts: readonly string[];
    };

const POLL_MS = 200;
const ID = /^[a-z0-9][a-z0-9-]{0,60}$/;

function requestsOf(folder: string): string {
  return join(folder, 'requests');
}

function answerPath(folder: string, id: string): string {
  return join(folder, 'answers', `${id}.json`);
}

/** An id for a request that is never asked again. */
export function newRequestId(): string {
  return randomBytes(8).toString('hex');
}

/** Asks. What was answered to an earlier request of that id is forgotten if it was a failure. */
export async function writeRequest(folder: string, request: VolumeRequest): Promise<void> {
  if (!ID.test(request.id)) {
    throw new Failure('usage', {
      message: `cannot use ${JSON.stringify(request.id)} as the id of a request`,
      remedy: 'Use small letters, digits and dashes, 61 at most.',
    });
  }
  await makeFolder(requestsOf(folder));
  await makeFolder(join(folder, 'answers'));
  const before = await readAnswer(folder, request.id);
  if (before !== undefined && before.kind !== 'failed') return;
  await rm(answerPath(folder, request.id), { force: true });
  await writeFileDurably(join(requestsOf(folder), `${request.id}.json`), Buffer.from(JSON.stringify(request)));
}

/** The requests that are not answered yet, a `finish` last. */
export async function openRequests(folder: string): Promise<VolumeRequest[]> {
  const names = await readdir(requestsOf(folder)).catch(() => []);
  const found: VolumeRequest[] = [];
  for (const name of names.filter((one) => ID.test(one.replace(/\.json$/, '')) && one.endsWith('.json')).toSorted()) {
    const request = await readJson(join(requestsOf(folder), name));
    if (isVolumeRequest(request)) found.push(request);
  }
  return found.toSorted((a, b) => Number(a.kind === 'finish') - Number(b.kind === 'finish'));
}

/** Written by {@link writeRequest} and {@link answerRequest} alone, whole or not at all. */
async function readJson(path: string): Promise<unknown> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  return text === undefined ? undefined : JSON.parse(text);
}

function kindOf(value: unknown): unknown {
  return typeof value === 'object' && value !== null && 'kind' in value ? value.kind : undefined;
}

/** True for a request of this version. */
export function isVolumeRequest(value: unknown): value is VolumeRequest {
  return ['check', 'step', 'finish'].includes(String(kindOf(value)));
}

function isAnswer(value: unknown): value is VolumeAnswer {
  return ['checked', 'accepted', 'failed'].includes(String(kindOf(value)));
}

/** Answers a request, and takes it away. */
export async function answerRequest(folder: string, id: string, answer: VolumeAnswer): Promise<void> {
  await writeFileDurably(answerPath(folder, id), Buffer.from(JSON.stringify(answer)));
  await rm(join(requestsOf(folder), `${id}.json`), { force: true });
}

/** The answer of anything thrown. */
export function failedAnswer(error: unknown): VolumeAnswer {
  return isFailure(error)
    ? { kind: 'failed', failure: error.kind, message: error.message, remedy: error.remedy, facts: error.facts }
    : { kind: 'failed', failure: 'bug', message: messageOf(error), remedy: 'This is a bug of walkback.', facts: [] };
}

async function readAnswer(folder: string, id: string): Promise<VolumeAnswer | undefined> {
  const answer = await readJson(answerPath(folder, id));
  return isAnswer(answer) ? answer : undefined;
}

/** Waits for the answer, and takes it away. @throws {Failure} what the work has thrown. */
export async function takeAnswer(folder: string, id: string, signal?: AbortSignal): Promise<VolumeAnswer> {
  for (;;) {
    signal?.throwIfAborted();
    const answer = await readAnswer(folder, id);
    if (answer !== undefined) {
      await rm(answerPath(folder, id), { force: true });
      return answer;
    }
    await sleep(POLL_MS, undefined, signal === undefined ? {} : { signal }).catch(() => {});
  }
}
