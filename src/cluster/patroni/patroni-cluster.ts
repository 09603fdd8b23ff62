/**
 * A member of a cluster that Patroni runs, on this host. Its places are those of a local cluster; PostgreSQL is stopped
 * beside a paused Patroni, and started by it, so that it runs with Patroni's own parameters and in its surroundings.
 *
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises';

import { Failure } from '../../base/failure.ts';
import { runningPostmaster } from '../../instance/postmaster.ts';
import { fieldOf } from '../../base/unknown-value.ts';
import type { Cluster, PlaceProblem, ReadOnlyDefault } from '../cluster.ts';
import { readOnlyDefaultOf, untilSessionsBegin } from '../read-only-default.ts';
import { patroniControl, type ControlOptions } from './control.ts';
import { isLeaderRole } from './members.ts';
import { startPatroni, stopPatroni } from './own-patroni.ts';
import { findCommands, NO_COMMANDS } from './patroni-commands.ts';

/** What a cluster of this kind is made of. */
export interface PatroniClusterOptions extends ControlOptions {
  /** The server of this host as a cluster of its own: its places, and how it is stopped. It is not started by that. */
  readonly local: Cluster;
}

const POLL_MS = 250;
/** Several of the longest loops that anybody sets. */
const COMES_ROUND_MS = 120_000;

async function stop({ local, own }: PatroniClusterOptions): Promise<void> {
  const answer = await own.api.status();
  if (answer !== undefined && !answer.isPaused && (await local.state()) === 'running') {
    throw new Failure('refused', {
      message: `cannot stop the server on ${local.dataDirectory}: Patroni is not paused, and would start it again or let another member lead`,
      remedy: 'Somebody has resumed it: pause it ("patronictl pause"), then go on.',
    });
  }
  await local.stop();
}

/** A paused Patroni does not start it by itself; one that is not does, and leads again if nobody else does. */
async function start({ local, own }: PatroniClusterOptions): Promise<void> {
  await startPatroni(own);
  const isRunning = (await runningPostmaster(local.dataDirectory)) !== undefined;
  if (!isRunning && (await own.api.status())?.isPaused === true) await own.api.restart();
}

async function isLeading({ own, dcs, configuration }: PatroniClusterOptions): Promise<boolean> {
  const answer = await own.api.status();
  if (answer?.state !== 'running' || answer.isUnlocked || !isLeaderRole(answer.role)) return false;
  return (await dcs.lockHolder()) === configuration.memberName;
}

async function untilLeading(options: PatroniClusterOptions): Promise<void> {
  const deadline = Date.now() + options.own.startTimeoutMs;
  while (!(await isLeading(options))) {
    if (Date.now() > deadline) throw await doesNotLead(options);
    await sleep(POLL_MS);
  }
}

async function doesNotLead({ own, dcs, configuration }: PatroniClusterOptions): Promise<Failure> {
  const answer = await own.api.status();
  const found = answer === undefined ? 'its Patroni does not answer' : `Patroni says ${answer.role}, ${answer.state}`;
  const leader = await dcs.lockHolder();
  const { scope, memberName } = configuration;
  // Somebody has resumed it, or has switched over: of itself it does not come back.
  const isAnother = leader !== undefined && leader !== memberName;
  return new Failure('failed', {
    message: `cannot call ${memberName} the leader: ${found}; the lock is held by ${leader ?? 'nobody'}`,
    remedy: isAnother
      ? `Let it lead again, then go on:  patronictl switchover ${scope} --leader ${leader} --candidate ${memberName}`
      : 'See the log of Patroni on this host, then go on.',
  });
}

/** In the dynamic configuration: it holds for every member, and is in nobody's data. */
async function readOnlyDefault({ dcs }: PatroniClusterOptions): Promise<ReadOnlyDefault> {
  const parameters = fieldOf(fieldOf((await dcs.show()).config, 'postgresql'), 'parameters');
  return readOnlyDefaultOf(fieldOf(parameters, 'default_transaction_read_only'));
}

/** Patroni has the server read it when it comes round to it, also while it is paused. */
async function setReadOnlyDefault({ dcs, local }: PatroniClusterOptions, value: ReadOnlyDefault): Promise<void> {
  await dcs.setReadOnlyDefault(value);
  await untilSessionsBegin(value, () => local.connect(), COMES_ROUND_MS);
}

async function problemsOf({ local, own }: PatroniClusterOptions): Promise<PlaceProblem[]> {
  const found = await local.placeProblems();
  return (await findCommands(own.sources)) === undefined ? [...found, NO_COMMANDS] : found;
}

/** A member of a cluster that Patroni runs. */
export function patroniCluster(options: PatroniClusterOptions, commandLines: Cluster['commandLines']): Cluster {
  return {
    ...options.local,
    kind: 'patroni',
    placeProblems: () => problemsOf(options),
    // A machine that has started anew has started Patroni too.
    move: async (id, from, to) => {
      if (from === 'live' || to === 'live') await stopPatroni(options.own);
      await options.local.move(id, from, to);
    },
    stop: () => stop(options),
    start: async () => {
      await start(options);
      await untilLeading(options);
    },
    readOnlyDefault: () => readOnlyDefault(options),
    setReadOnlyDefault: (value) => setReadOnlyDefault(options, value),
    commandLines,
    patroni: patroniControl(options),
  };
}
