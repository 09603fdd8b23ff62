/**
 * A recovery or an undo as an operator drives it: the same command again until it is done, whatever died in between.
 */

import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { controlFileOf } from '../../../src/instance/control-file-of.ts';
import { isStepDone, readJournal, stateOf } from '../../../src/recovery/journal.ts';
import type { PatroniTestCluster } from '../../../tests/support/patroni/patroni-cluster.ts';
import type { PatroniMember } from '../../../tests/support/patroni/patroni-member.ts';
import { recoverySettings } from '../../../tests/support/patroni/recoverable-member.ts';
import type { Random } from '../../../tests/support/random.ts';
import { startWalkback } from '../../../tests/support/walkback-process.ts';
import { provoke, type Fault } from './faults.ts';

/** What is driven. */
export interface DrivenWork {
  readonly work: 'recover' | 'undo';
  readonly cluster: PatroniTestCluster;
  readonly leader: PatroniMember;
  readonly id: string;
  readonly fault: Fault;
  readonly random: Random;
  readonly log: (line: string) => void;
}

const MOST_TRIES = 8;
const DONE = { recover: 'recovered', undo: 'undone' } as const;

interface Try {
  readonly code: number | null;
  readonly said: string;
  readonly wasProvoked: boolean;
}

function folderOf({ leader, id }: DrivenWork): string {
  return join(`${leader.dataDirectory}.walkback`, id);
}

async function tryOnce(driven: DrivenWork, withFault: boolean): Promise<Try> {
  const { work, cluster, leader, id, random } = driven;
  const words = work === 'recover' ? ['recover', 'run', id] : ['undo', id];
  const child = startWalkback([...words, '--yes'], await recoverySettings(cluster, leader));
  const chunks: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  let code: number | null | undefined;
  const ended = new Promise<void>((resolve) => {
    child.once('close', (value) => {
      code = value;
      resolve();
    });
  });
  const folder = folderOf(driven);
  const victims = { cluster, leader, folder, walkbackPid: child.pid ?? 0, hasEnded: () => code !== undefined, random };
  const wasProvoked = withFault && (await provoke(driven.fault, victims));
  await ended;
  return { code: code ?? null, said: Buffer.concat(chunks).toString(), wasProvoked };
}

/** The data from before is somewhere, whole; and once the recovered data has been promoted, so is that. */
async function goneData(driven: DrivenWork): Promise<string[]> {
  const { leader } = driven;
  const folder = folderOf(driven);
  const places = {
    live: leader.dataDirectory,
    rehearsal: join(folder, 'data'),
    kept: join(folder, 'kept'),
    replaced: join(folder, 'replaced'),
  };
  const readable: string[] = [];
  for (const [name, path] of Object.entries(places)) {
    const isReadable = await controlFileOf(path).then(
      () => true,
      () => false,
    );
    if (isReadable) readable.push(name);
  }
  const entries = await readJournal(join(folder, 'journal.jsonl'));
  const least = isStepDone(entries, 'promote') ? 2 : 1;
  const hasOld = readable.includes('live') || readable.includes('kept');
  return hasOld && readable.length >= least
    ? []
    : [`data is gone: there is ${readable.join(', ') || 'nothing'}, of ${least}`];
}

/** Drives it to its end. @returns what went wrong; nothing if it came there. */
export async function drive(driven: DrivenWork): Promise<string[]> {
  const { work, fault, log } = driven;
  const problems: string[] = [];
  for (let tries = 1; tries <= MOST_TRIES; tries += 1) {
    const { code, said, wasProvoked } = await tryOnce(driven, tries === 1 && fault.kind !== 'none');
    problems.push(...(await goneData(driven)));
    const state = stateOf(await readJournal(join(folderOf(driven), 'journal.jsonl')));
    const how = wasProvoked ? `${fault.kind} died in ${fault.step}; ` : '';
    log(`  ${work}, try ${tries}: ${how}ended with ${code ?? 'a signal'}, ${state}`);
    if (state === DONE[work]) return problems;
    const words = said.trim().split('\n').slice(-6).join(' | ');
    if (tries === MOST_TRIES) problems.push(`${work} is ${state} after ${tries} tries: ${words}`);
    else if (code !== null) log(`    it said: ${words}`);
    await sleep(3000);
  }
  return problems;
}
