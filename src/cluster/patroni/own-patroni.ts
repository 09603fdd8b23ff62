/**
 * Patroni on this host: ending and starting it by the operator's commands, and proving either.
 *
 * @module
 */

import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { Failure } from '../../base/failure.ts';
import { runningPostmaster } from '../../instance/postmaster.ts';
import { formatCommand, runProgram } from '../../instance/run-program.ts';
import type { PatroniDcs } from './dcs.ts';
import type { MemberRest } from './rest-client.ts';
import {
  findCommands,
  NO_COMMANDS,
  rememberUnit,
  type CommandSources,
  type PatroniCommands,
} from './patroni-commands.ts';
import { patroniProcesses } from './patroni-process.ts';

/** What is needed for it. */
export interface OwnPatroni {
  readonly sources: CommandSources;
  readonly dataDirectory: string;
  readonly dcs: PatroniDcs;
  /** Its own REST API. */
  readonly api: MemberRest;
  readonly stopTimeoutMs: number;
  readonly startTimeoutMs: number;
  commandLines(): Promise<{ readonly stop: string; readonly start: string }>;
}

const POLL_MS = 100;
/** `touch` and `rm` are how the supervisor of our image is told. */
const REPEATABLE: ReadonlySet<string> = new Set(['systemctl', 'touch', 'rm']);
/** A start command may come back before there is a process. */
const GONE_MS = 5000;

async function commandsOf({ sources }: OwnPatroni): Promise<PatroniCommands> {
  const commands = await findCommands(sources);
  if (commands !== undefined) return commands;
  throw new Failure('usage', { message: `cannot go on: ${NO_COMMANDS.message}`, remedy: NO_COMMANDS.remedy });
}

/**
 * Runs a command although there seems to be nothing to do: what supervises Patroni may be about to start it, or to stop it.
 * Only of commands known to take that well.
 */
async function runAgain(own: OwnPatroni, which: keyof PatroniCommands): Promise<void> {
  const argv = (await findCommands(own.sources))?.[which] ?? [];
  if (REPEATABLE.has(basename(argv[0] ?? ''))) await runProgram(argv, { timeoutMs: own.stopTimeoutMs });
}

async function run(own: OwnPatroni, which: keyof PatroniCommands, timeoutMs: number): Promise<void> {
  const argv = (await commandsOf(own))[which];
  const end = await runProgram(argv, { timeoutMs });
  if (end.code === 0) return;
  throw new Failure('failed', {
    message: `cannot ${which} Patroni on this host: ${formatCommand(argv)} ended with ${end.code ?? 'a signal'}`,
    remedy: 'Run that command by hand and see what it says, then go on.',
    facts: end.output === '' ? [] : end.output.split('\n').slice(-8),
  });
}

/** It has processes here, or, where those cannot be seen (another container), it answers. */
export async function isPatroniRunning({ sources, api }: OwnPatroni): Promise<boolean> {
  if ((await patroniProcesses(sources.configFile)).length > 0) return true;
  return (await api.status()) !== undefined;
}

/**
 * Ends it, and proves that it is gone.
 *
 * @throws {Failure} `refused` while PostgreSQL runs: a paused Patroni would leave it running, one that is not would hand the
 *   lead to another member.
 */
export async function stopPatroni(own: OwnPatroni): Promise<void> {
  if ((await runningPostmaster(own.dataDirectory)) !== undefined) {
    throw new Failure('refused', {
      message: `cannot stop Patroni: the server on ${own.dataDirectory} runs`,
      remedy: 'Something has started it again: see the log of Patroni, then go on.',
    });
  }
  const wasRunning = await isPatroniRunning(own);
  if (wasRunning) await rememberUnit(own.sources);
  await (wasRunning ? run(own, 'stop', own.stopTimeoutMs) : runAgain(own, 'stop'));
  const deadline = Date.now() + own.stopTimeoutMs;
  while (await isPatroniRunning(own)) {
    if (Date.now() > deadline) {
      throw new Failure('unavailable', {
        message: `cannot stop Patroni on this host: it still runs after ${Math.round(own.stopTimeoutMs / 1000)} s`,
        remedy: 'See its log, and what starts it again; then go on.',
      });
    }
    await sleep(POLL_MS);
  }
}

/**
 * Starts it, and waits until its API answers. It waits for the DCS itself without an end, so that is asked first.
 *
 * @throws {Failure} `unavailable` while the DCS does not answer; `failed` if it ends again.
 */
export async function startPatroni(own: OwnPatroni): Promise<void> {
  if ((await own.api.status()) !== undefined) return runAgain(own, 'start');
  await own.dcs.lockHolder();
  if (!(await isPatroniRunning(own))) await run(own, 'start', own.startTimeoutMs);
  const deadline = Date.now() + own.startTimeoutMs;
  let lastSeenMs = Date.now();
  while ((await own.api.status()) === undefined) {
    if (await isPatroniRunning(own)) lastSeenMs = Date.now();
    if (Date.now() - lastSeenMs > GONE_MS) throw hasEnded();
    if (Date.now() > deadline) {
      throw new Failure('unavailable', {
        message: `cannot use Patroni on this host: its REST API has not answered after ${Math.round(own.startTimeoutMs / 1000)} s`,
        remedy: 'Its log says what it waits for. Mend that and go on.',
      });
    }
    await sleep(POLL_MS);
  }
}

function hasEnded(): Failure {
  return new Failure('failed', {
    message: 'cannot start Patroni on this host: it does not run after its start command',
    remedy: 'Its log says why. Mend that and go on.',
  });
}
