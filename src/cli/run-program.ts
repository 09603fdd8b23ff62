/**
 * One run of the program: finds the command, reads its arguments and settings, runs it, shows what it answers.
 *
 * @module
 */

import { resolve } from 'node:path';

import { Failure, isFailure } from '../base/failure.ts';
import { ENV_DIRECTORY_VARIABLE, processEnvironment, type Environment } from '../config/environment.ts';
import { loadSettings, type Settings } from '../config/load-settings.ts';
import type { Answer, Command } from './command.ts';
import { exitCode, type Listener } from './exit-code.ts';
import { withoutEnvDirectory } from './leading-flags.ts';
import { endingJson, endingText } from './output/failure-text.ts';
import { jsonText } from './output/json-text.ts';
import { openReporter } from './output/open-reporter.ts';
import { questionsOver } from './output/questions.ts';
import { screenFor, type ColorChoice } from './output/screen.ts';
import { parseArguments, readGiven, type Arguments } from './parse-arguments.ts';
import { findCommand, PROGRAM, type ProgramEntry } from './program.ts';
import { abortOnSignals, type WatchedSignals } from './signals.ts';
import { standardStreams, type Streams } from './streams.ts';

/** What a run is given; the process's own by default. */
export interface Surroundings {
  readonly program?: readonly ProgramEntry[];
  readonly environment?: Environment;
  readonly streams?: Streams;
  /** Who listens when the command itself cannot be asked. */
  readonly listener?: Listener;
  /** Stops the run, beside SIGINT and SIGTERM. */
  readonly signal?: AbortSignal;
}

interface Run {
  readonly program: readonly ProgramEntry[];
  environment: Environment;
  /** As it was given; `undefined`: the process's own. */
  readonly givenEnvironment: Environment | undefined;
  /** `--env-dir`, before or behind the command. */
  envDirectory: string | undefined;
  readonly streams: Streams;
  listener: Listener;
  isJson: boolean;
  isVerbose: boolean;
  color: ColorChoice;
  /** The zone that times are shown in, once the settings are read and if they name one. */
  zone: string | undefined;
}

/** Runs the program with the arguments behind its name. Answers the exit code; throws nothing. */
export async function runProgram(args: readonly string[], given: Surroundings = {}): Promise<number> {
  const run: Run = {
    program: given.program ?? PROGRAM,
    environment: given.environment ?? processEnvironment(),
    givenEnvironment: given.environment,
    envDirectory: undefined,
    streams: given.streams ?? standardStreams(),
    listener: given.listener ?? 'operator',
    isJson: false,
    isVerbose: false,
    color: 'auto',
    zone: undefined,
  };
  const signals = abortOnSignals(given.signal);
  try {
    return await runFound(args, run, signals);
  } catch (error) {
    if (error instanceof ReaderGone) return 0;
    await showEnding(error, run, signals.signal.aborted);
    if (signals.signal.aborted) return exitCode('interrupted', run.listener);
    return exitCode(isFailure(error) ? error.kind : 'bug', run.listener);
  } finally {
    signals.dispose();
  }
}

/** Nobody reads the answer any more (`walkback log --ndjson | head -1`): an end, and no failure. */
class ReaderGone extends Error {}

async function runFound(given: readonly string[], run: Run, signals: WatchedSignals): Promise<number> {
  const { args, directory } = withoutEnvDirectory(given);
  run.envDirectory = directory;
  const onlyVersion = args[0] === '--version';
  if (onlyVersion) return showVersion(run);
  // `walkback help recover run` is `walkback recover run --help`.
  const found = findCommand(args[0] === 'help' ? [...args.slice(1), '--help'] : args, run.program);
  if (found.kind === 'group') return showGroup(found.words, found.rest, run);
  const command = await found.entry.load();
  run.listener = run.listener === 'operator' ? command.listener : run.listener;
  const parsed = parseArguments(command, found.rest);
  readCommon(parsed, run);
  if (parsed.common.has('version')) return showVersion(run);
  if (parsed.common.has('help')) {
    const { commandHelp } = await import('./help.ts');
    await run.streams.out.write(commandHelp(command, run.isVerbose));
    return 0;
  }
  return runCommand(command, parsed, run, signals);
}

function readCommon(parsed: Arguments, run: Run): void {
  run.isJson = parsed.common.has('json');
  run.isVerbose = parsed.common.has('verbose');
  const color = parsed.common.get('color') ?? 'auto';
  if (color !== 'auto' && color !== 'always' && color !== 'never') {
    throw new Failure('usage', {
      message: `cannot use ${JSON.stringify(color)} for --color: expected auto, always or never`,
      remedy: 'Give one of these.',
    });
  }
  run.color = color;
  const directory = parsed.common.get('env-dir');
  if (directory !== undefined && run.envDirectory !== undefined)
    throw new Failure('usage', {
      message: `cannot tell which variables are meant: --env-dir is given as ${run.envDirectory} and as ${directory}`,
      remedy: 'Give it once.',
    });
  run.envDirectory ??= directory;
}

/** Takes the variables of a directory into the run, where one is named. */
async function openEnvironment(command: Command, run: Run): Promise<void> {
  const named = command.ownEnvironment ? '' : (run.environment[ENV_DIRECTORY_VARIABLE] ?? '');
  const directory = run.envDirectory ?? named;
  if (directory === '') return;
  const { environmentWith } = await import('../config/environment-directory.ts');
  run.environment = await environmentWith(resolve(directory), run.givenEnvironment);
}

async function runCommand(
  command: Command,
  parsed: Arguments,
  run: Run,
  { signal, hold: holdSignals }: WatchedSignals,
): Promise<number> {
  await openEnvironment(command, run);
  const settings = await loadSettings({
    flags: parsed.settings,
    configPath: parsed.common.get('config'),
    environment: run.environment,
  });
  const showsTimes = command.listener === 'operator' || command.listener === 'monitoring';
  const zone = showsTimes ? settings.get('timeZone') : undefined;
  run.zone = zone;
  const given = readGiven(command, parsed, { zone, workingDirectory: process.cwd() });
  const screen = screenFor({ stream: run.streams.out, environment: run.environment, color: run.color, zone });
  const reporter = openReporter({ ...run, stream: run.streams.err, zone });
  const questions = questionsOver({
    input: run.streams.in,
    output: run.streams.err.stream,
    isTerminal: run.streams.in.isTTY === true && run.streams.err.isTTY === true && !run.isJson,
    signal,
    beforeAsking: reporter.pause,
  });
  for (const warning of settings.warnings) reporter.warn(warning);
  if (run.isVerbose) noteSettings(settings, command, reporter.note);
  const write = async (text: string) => {
    await run.streams.out.write(text);
    if (run.streams.out.stream.errored !== null) throw new ReaderGone();
  };
  const session = { settings, signal, holdSignals, reporter, screen, questions, isJson: run.isJson, write };
  const answer = await command.run(given, session).catch((error: unknown) => {
    reporter.end('failed');
    throw error;
  });
  reporter.end('done');
  if (answer.isWritten !== true) await showAnswer(answer, run, screen);
  return answer.exitCode ?? 0;
}

function noteSettings(settings: Settings, command: Command, note: (line: string) => void): void {
  for (const line of settings.describe(command.settings)) note(line);
}

async function showAnswer(answer: Answer, run: Run, screen: Parameters<Answer['text']>[0]): Promise<void> {
  await run.streams.out.write(run.isJson ? `${jsonText(answer.json)}\n` : answer.text(screen));
}

async function showGroup(words: readonly string[], rest: readonly string[], run: Run): Promise<number> {
  const { groupHelp } = await import('./help.ts');
  const text = await groupHelp(words, run.program);
  const asked = rest[0] === '--help' || rest[0] === '-h';
  if (asked) {
    await run.streams.out.write(text);
    return 0;
  }
  // Not 0: an archive_command whose variable is empty must not pass for an archived file.
  await run.streams.err.write(text);
  const what = words.length === 0 ? 'no command is given' : `"${words.join(' ')}" is not a whole command`;
  throw new Failure('usage', { message: `cannot run: ${what}`, remedy: 'Give one of the commands above.' });
}

async function showVersion(run: Run): Promise<number> {
  const { programVersion } = await import('./version.ts');
  await run.streams.out.write(`walkback ${await programVersion()} (Node ${process.versions.node})\n`);
  return 0;
}

async function showEnding(error: unknown, run: Run, wasInterrupted: boolean): Promise<void> {
  const screen = screenFor({
    stream: run.streams.err,
    environment: run.environment,
    color: run.color,
    zone: run.zone,
  });
  const isOnlyTheSignal = wasInterrupted && !isFailure(error);
  if (run.isJson) {
    const facts = isOnlyTheSignal ? { kind: 'interrupted' } : endingJson(error);
    await run.streams.err.write(`${jsonText({ at: new Date().toISOString(), event: 'failed', ...facts })}\n`);
    return;
  }
  const text = isOnlyTheSignal
    ? 'walkback: stopped, as asked\n'
    : endingText(error, screen, { isVerbose: run.isVerbose, hasZone: run.zone !== undefined });
  await run.streams.err.write(text);
}
